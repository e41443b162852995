/* Passes over images: leaving a plane's gaps out, and activations' gradients by channel. */
#include "convolution.h"

#include "threadrack/base/vectorise.h"

#include "lanes.h"

/* Whole lanes where there is room: what spills into the next row is overwritten by it. */
VECTORISED void close_gaps(size_t high, size_t wide, size_t stride, const float *restrict from,
                           float bias, float *restrict y)
{
    const float *end = y + high * wide;
    for (size_t i = 0; i < high; i++, from += stride, y += wide)
        for (size_t j = 0; j < wide; j += LANES) {
            size_t count = (size_t)(end - y) - j < LANES ? wide - j : LANES;
            if (count == LANES)
                for (size_t lane = 0; lane < LANES; lane++)
                    y[j + lane] = from[j + lane] + bias;
            else
                for (size_t lane = 0; lane < count; lane++)
                    y[j + lane] = from[j + lane] + bias;
        }
}

VECTORISED static float sum_of(size_t n, const float *values)
{
    LANES_SUM(sum, n, values[j]);
    return sum;
}

void math_image_activate_backward(size_t rows, size_t channels, size_t pixels, float *dy,
                                  const float *pre, const float *out, enum activation kind,
                                  float *dbias, bool accumulate)
{
    const float *from;
    backward_row *row = backward_row_of(kind, pre, out, &from);
    if (math_by_plain_loops()) {
        math_image_activate_backward_reference(rows, channels, pixels, dy, pre, out, kind, dbias,
                                               accumulate);
        return;
    }
    for (size_t c = 0; dbias && !accumulate && c < channels; c++)
        dbias[c] = 0;
    for (size_t i = 0; i < rows * channels; i++) {
        row(pixels, dy + i * pixels, from ? from + i * pixels : NULL, NULL);
        if (dbias)
            dbias[i % channels] += sum_of(pixels, dy + i * pixels);
    }
}
