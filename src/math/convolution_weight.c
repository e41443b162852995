/* The weights' gradient: for each tap, dy (Co, pixels) times the image's pixels (pixels, Ci), which
 * are laid out channels last so that a tap is a shift of the same array.
 *
 * With few channels that would leave lanes empty, so there the taps are unrolled beside each other:
 * one product, dy times (pixels, Ci K K).
 */
#include "convolution.h"

#include <string.h>

enum { FEW_CHANNELS = 8 };

static bool unrolls(const struct convolution *s)
{
    return s->in < FEW_CHANNELS;
}

static size_t pixels_of(const struct convolution *s)
{
    return convolution_out_height(s) * convolution_out_width(s);
}

static size_t weights_of(const struct convolution *s)
{
    return s->out * s->in * s->kernel * s->kernel;
}

static size_t layout_size(const struct convolution *s)
{
    return s->in * (unrolls(s) ? pixels_of(s) * s->kernel * s->kernel : plane_size(s));
}

size_t weight_gradient_scratch(const struct convolution *shape)
{
    return pixels_of(shape) + layout_size(shape) + weights_of(shape);
}

/* The padded plane with the channel last: (position, Ci). */
static void channels_last(const struct convolution *s, const float *x, float *to)
{
    for (size_t c = 0; c < s->in; c++)
        for (size_t i = 0; i < s->height; i++)
            for (size_t j = 0; j < s->width; j++)
                to[(plane_at(s, i) + j) * s->in + c] = *x++;
}

/* One tap of one channel, for all outputs: a column of (pixels, Ci K K). Zeros are there already.
 */
static void unroll_tap(const struct convolution *s, const float *x, size_t u, size_t v, float *to)
{
    size_t step = s->in * s->kernel * s->kernel, wide = convolution_out_width(s);
    for (size_t i = 0; i < convolution_out_height(s); i++)
        for (size_t j = 0; j < wide; j++) {
            size_t row = i + u - s->padding, column = j + v - s->padding; /* may wrap */
            if (row < s->height && column < s->width)
                to[(i * wide + j) * step] = x[row * s->width + column];
        }
}

static void unroll(const struct convolution *s, const float *x, float *to)
{
    for (size_t c = 0; c < s->in; c++, x += s->height * s->width)
        for (size_t u = 0; u < s->kernel; u++)
            for (size_t v = 0; v < s->kernel; v++)
                unroll_tap(s, x, u, v, to++);
}

static void layout_offsets(const struct convolution *s, uint32_t *offsets)
{
    size_t wide = convolution_out_width(s);
    if (unrolls(s)) {
        tile_rows(pixels_of(s), s->in * s->kernel * s->kernel, offsets);
        return;
    }
    for (size_t i = 0; i < convolution_out_height(s); i++)
        for (size_t j = 0; j < wide; j++)
            *offsets++ = (uint32_t)((i * plane_stride(s) + j) * s->in);
}

/* sums (taps, Co, columns) += one image's, where the columns are channels, or, unrolled, all. */
static void add_image(const struct convolution *s, const uint32_t *offsets, const float *layout,
                      const float *dy, bool add, float *sums)
{
    size_t square = s->kernel * s->kernel, taps = unrolls(s) ? 1 : square;
    size_t columns = unrolls(s) ? s->in * square : s->in;
    for (size_t tap = 0; tap < taps; tap++) {
        size_t shift = tap / s->kernel * plane_stride(s) + tap % s->kernel;
        tile_product(&(struct product){.m = s->out,
                                       .n = columns,
                                       .k = pixels_of(s),
                                       .a = dy,
                                       .a_row = pixels_of(s),
                                       .a_k = 1,
                                       .b = layout + shift * s->in,
                                       .offsets = offsets,
                                       .c = sums + tap * s->out * columns,
                                       .c_row = columns,
                                       .add = add});
    }
}

/* From (taps, Co, Ci) or, unrolled, (Co, Ci, taps) to dw (Co, Ci, taps). */
static void scale_into(const struct convolution *s, const float *sums, float alpha, float beta,
                       float *dw)
{
    size_t square = s->kernel * s->kernel, pairs = s->out * s->in;
    size_t pair_step = unrolls(s) ? square : 1, tap_step = unrolls(s) ? 1 : pairs;
    for (size_t pair = 0; pair < pairs; pair++)
        for (size_t tap = 0; tap < square; tap++, dw++) {
            float sum = alpha * sums[pair * pair_step + tap * tap_step];
            *dw = beta == 0 ? sum : sum + beta * *dw;
        }
}

void math_convolution_weight_gradient(const struct convolution *shape, size_t rows, const float *x,
                                      const float *dy, float alpha, float beta, float *dw,
                                      float *scratch)
{
    const struct convolution *s = shape;
    uint32_t *offsets = (uint32_t *)scratch;
    float *layout = scratch + pixels_of(s), *sums = layout + layout_size(s);
    if (math_by_plain_loops()) {
        math_convolution_weight_gradient_reference(s, rows, x, dy, alpha, beta, dw);
        return;
    }
    layout_offsets(s, offsets);
    memset(layout, 0, layout_size(s) * sizeof *layout);
    for (size_t r = 0; r < rows; r++) {
        (unrolls(s) ? unroll : channels_last)(s, x + r * s->in * s->height * s->width, layout);
        add_image(s, offsets, layout, dy + r * s->out * pixels_of(s), r > 0, sums);
    }
    scale_into(s, sums, alpha, beta, dw);
}
