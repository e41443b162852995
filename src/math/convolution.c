/* Convolution as a product whose rows are shifts of one padded image, so that nothing is unrolled
 * into columns.
 *
 * A channel is kept as a plane with a stride of W + P: the P zeros after a row are also those
 * before the next, and P more stand before the first. Output (i, j) is position i * stride + j of
 * the result, the input under the kernel's (u, v) lies u * stride + v further on, whatever (i, j);
 * so a whole image is one row of columns. The P results at each row's end are computed in vain.
 *
 *       0 0 0 0 0
 *       x x x x 0      H = 2, W = 4, P = 1
 *     0 x x x x 0      stride 5
 *       0 0 0 0 0
 */
#include "convolution.h"

#include <string.h>

/* The outputs of one image as one row of columns, gaps included. */
static size_t columns_of(const struct convolution *s)
{
    return (convolution_out_height(s) - 1) * plane_stride(s) + convolution_out_width(s);
}

static size_t taps_of(const struct convolution *s)
{
    return s->in * s->kernel * s->kernel;
}

/* What one image's forward pass holds. */
static size_t forward_scratch(const struct convolution *s)
{
    return taps_of(s) + s->in * plane_size(s) + TILE_BLOCK * columns_of(s);
}

/* The input gradient is a convolution of dy with the kernels turned around. */
static struct convolution turned(const struct convolution *s)
{
    return (struct convolution){.in = s->out,
                                .out = s->in,
                                .height = convolution_out_height(s),
                                .width = convolution_out_width(s),
                                .kernel = s->kernel,
                                .padding = s->kernel - 1 - s->padding};
}

size_t math_convolution_scratch(const struct convolution *shape)
{
    struct convolution back = turned(shape);
    size_t forward = forward_scratch(shape);
    size_t input = back.out * taps_of(&back) + forward_scratch(&back);
    size_t weight = weight_gradient_scratch(shape);
    size_t most = forward > input ? forward : input;
    return most > weight ? most : weight;
}

static void tap_offsets(const struct convolution *s, uint32_t *offsets)
{
    for (size_t c = 0; c < s->in; c++)
        for (size_t u = 0; u < s->kernel; u++)
            for (size_t v = 0; v < s->kernel; v++)
                *offsets++ = (uint32_t)(c * plane_size(s) + u * plane_stride(s) + v);
}

/* Into planes whose zeros are there already. */
static void fill_planes(const struct convolution *s, const float *x, float *planes)
{
    for (size_t c = 0; c < s->in; c++, planes += plane_size(s))
        for (size_t i = 0; i < s->height; i++, x += s->width)
            memcpy(planes + plane_at(s, i), x, s->width * sizeof *x);
}

/* Leaves the gaps out, adds the channel's bias. */
static void finish_channel(const struct convolution *s, const float *from, float bias,
                           enum activation kind, float *y, float *out)
{
    size_t high = convolution_out_height(s), wide = convolution_out_width(s);
    close_gaps(high, wide, plane_stride(s), from, bias, y);
    if (kind != ACTIVATION_NONE || out != y)
        forward_row_of(kind)(high * wide, y, NULL, out);
}

static void convolve_image(const struct convolution *s, const uint32_t *offsets,
                           const float *planes, const float *w, const float *bias,
                           enum activation kind, float *y, float *out, float *result)
{
    size_t pixels = convolution_out_height(s) * convolution_out_width(s);
    for (size_t from = 0; from < s->out; from += TILE_BLOCK) {
        size_t block = s->out - from < TILE_BLOCK ? s->out - from : TILE_BLOCK;
        tile_product(&(struct product){.m = block,
                                       .n = columns_of(s),
                                       .k = taps_of(s),
                                       .a = w + from * taps_of(s),
                                       .a_row = taps_of(s),
                                       .a_k = 1,
                                       .b = planes,
                                       .offsets = offsets,
                                       .c = result,
                                       .c_row = columns_of(s)});
        for (size_t o = from; o < from + block; o++)
            finish_channel(s, result + (o - from) * columns_of(s), bias ? bias[o] : 0, kind,
                           y + o * pixels, out + o * pixels);
    }
}

static void convolve(const struct convolution *s, size_t rows, const float *x, const float *w,
                     const float *bias, enum activation kind, float *y, float *out, float *scratch)
{
    size_t in = s->in * s->height * s->width;
    size_t result = s->out * convolution_out_height(s) * convolution_out_width(s);
    uint32_t *offsets = (uint32_t *)scratch;
    float *planes = scratch + taps_of(s), *block = planes + s->in * plane_size(s);
    tap_offsets(s, offsets);
    memset(planes, 0, s->in * plane_size(s) * sizeof *planes);
    for (size_t r = 0; r < rows; r++) {
        fill_planes(s, x + r * in, planes);
        convolve_image(s, offsets, planes, w, bias, kind, y + r * result, out + r * result, block);
    }
}

void math_convolution(const struct convolution *shape, size_t rows, const float *x, const float *w,
                      const float *bias, enum activation kind, float *y, float *out, float *scratch)
{
    if (math_by_plain_loops())
        math_convolution_reference(shape, rows, x, w, bias, kind, y, out);
    else
        convolve(shape, rows, x, w, bias, kind, y, out, scratch);
}

/* w (Co, Ci, K, K) to (Ci, Co, K, K), each kernel turned by half a circle. */
static void turn_weights(const struct convolution *s, const float *w, float *to)
{
    size_t square = s->kernel * s->kernel;
    for (size_t o = 0; o < s->out; o++)
        for (size_t c = 0; c < s->in; c++)
            for (size_t tap = 0; tap < square; tap++)
                to[(c * s->out + o) * square + square - 1 - tap] = *w++;
}

void math_convolution_input_gradient(const struct convolution *shape, size_t rows, const float *dy,
                                     const float *w, float *dx, float *scratch)
{
    struct convolution back = turned(shape);
    if (math_by_plain_loops()) {
        math_convolution_input_gradient_reference(shape, rows, dy, w, dx);
        return;
    }
    turn_weights(shape, w, scratch);
    convolve(&back, rows, dy, scratch, NULL, ACTIVATION_NONE, dx, dx,
             scratch + back.out * taps_of(&back));
}
