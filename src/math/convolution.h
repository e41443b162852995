/* What the passes of a convolution share: the padded planes that src/math/convolution.c draws. */
#ifndef THREADRACK_SRC_MATH_CONVOLUTION_H
#define THREADRACK_SRC_MATH_CONVOLUTION_H

#include "reference.h"
#include "rows.h"
#include "tile.h"

static inline size_t plane_stride(const struct convolution *s)
{
    return s->width + s->padding;
}

static inline size_t plane_size(const struct convolution *s)
{
    return s->padding + (s->height + 2 * s->padding) * plane_stride(s);
}

/* Where row i of the image begins. */
static inline size_t plane_at(const struct convolution *s, size_t i)
{
    return s->padding + (i + s->padding) * plane_stride(s);
}

/* y (high, wide) = from, whose rows are `stride` apart, + bias. */
void close_gaps(size_t high, size_t wide, size_t stride, const float *from, float bias, float *y);

size_t weight_gradient_scratch(const struct convolution *shape);

#endif
