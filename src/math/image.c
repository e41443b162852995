/* Passes over images: activations' gradients by channel, and 2x2 max pooling. */
#include "convolution.h"

#include "threadrack/base/vectorise.h"

#include "lanes.h"

#include <string.h>

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

/* One row of windows, from two of pixels. A later value must be larger to be taken. */
VECTORISED static void pool_row(size_t n, const float *restrict upper, const float *restrict lower,
                                float *restrict y, uint8_t *restrict which)
{
    for (size_t j = 0; j < n; j++) {
        float a = upper[2 * j], b = upper[2 * j + 1], c = lower[2 * j], d = lower[2 * j + 1];
        float top = b > a ? b : a, bottom = d > c ? d : c;
        uint8_t left = b > a ? 1 : 0, right = d > c ? 3 : 2;
        y[j] = bottom > top ? bottom : top;
        which[j] = bottom > top ? right : left;
    }
}

void math_pool(size_t planes, size_t height, size_t width, const float *x, float *y, uint8_t *which)
{
    size_t high = height / 2, wide = width / 2;
    if (math_by_plain_loops()) {
        math_pool_reference(planes, height, width, x, y, which);
        return;
    }
    for (size_t p = 0; p < planes; p++)
        for (size_t i = 0; i < high; i++) {
            const float *upper = x + (p * height + 2 * i) * width;
            size_t at = (p * high + i) * wide;
            pool_row(wide, upper, upper + width, y + at, which + at);
        }
}

VECTORISED static void spread_row(size_t n, const float *restrict dy, const uint8_t *restrict which,
                                  float *restrict upper, float *restrict lower)
{
    for (size_t j = 0; j < n; j++) {
        upper[2 * j] = which[j] == 0 ? dy[j] : 0;
        upper[2 * j + 1] = which[j] == 1 ? dy[j] : 0;
        lower[2 * j] = which[j] == 2 ? dy[j] : 0;
        lower[2 * j + 1] = which[j] == 3 ? dy[j] : 0;
    }
}

/* An odd last row or column is in no window. */
static void clear_rest(size_t height, size_t width, float *plane)
{
    for (size_t i = 0; width % 2 && i < height; i++)
        plane[i * width + width - 1] = 0;
    if (height % 2)
        memset(plane + (height - 1) * width, 0, width * sizeof *plane);
}

void math_pool_backward(size_t planes, size_t height, size_t width, const float *dy,
                        const uint8_t *which, float *dx)
{
    size_t high = height / 2, wide = width / 2;
    if (math_by_plain_loops()) {
        math_pool_backward_reference(planes, height, width, dy, which, dx);
        return;
    }
    for (size_t p = 0; p < planes; p++) {
        float *plane = dx + p * height * width;
        clear_rest(height, width, plane);
        for (size_t i = 0; i < high; i++) {
            size_t at = (p * high + i) * wide;
            spread_row(wide, dy + at, which + at, plane + 2 * i * width,
                       plane + (2 * i + 1) * width);
        }
    }
}
