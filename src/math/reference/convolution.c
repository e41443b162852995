/* Convolution and pooling by plain loops: the door's formulas as they stand, sums in the order of
 * their letters. */
#include "real.h"

/* Zero outside; an index below zero has wrapped and is outside too. */
static real pixel(const real *image, size_t height, size_t width, size_t i, size_t j)
{
    return i < height && j < width ? image[i * width + j] : 0;
}

/* One output's sum, from the row's image x (Ci, H, W) and the channel's kernels w (Ci, K, K). */
static real output(const struct convolution *s, const real *x, const real *w, size_t i, size_t j)
{
    real sum = 0;
    for (size_t c = 0; c < s->in; c++)
        for (size_t u = 0; u < s->kernel; u++)
            for (size_t v = 0; v < s->kernel; v++)
                sum += w[(c * s->kernel + u) * s->kernel + v] *
                       pixel(x + c * s->height * s->width, s->height, s->width, i + u - s->padding,
                             j + v - s->padding);
    return sum;
}

void NAMED(convolution)(const struct convolution *shape, size_t rows, const real *x, const real *w,
                        const real *bias, enum activation kind, real *y, real *out)
{
    const struct convolution *s = shape;
    size_t high = convolution_out_height(s), wide = convolution_out_width(s);
    for (size_t r = 0; r < rows; r++)
        for (size_t o = 0; o < s->out; o++)
            for (size_t i = 0; i < high; i++)
                for (size_t j = 0; j < wide; j++)
                    y[((r * s->out + o) * high + i) * wide + j] =
                        output(s, x + r * s->in * s->height * s->width,
                               w + o * s->in * s->kernel * s->kernel, i, j);
    NAMED(image_bias_activate)(rows, s->out, high * wide, y, bias, kind, out);
}

/* The gradient of pixel (i, j) of channel c, from the row's dy (Co, Ho, Wo). */
static real input_gradient(const struct convolution *s, const real *dy, const real *w, size_t c,
                           size_t i, size_t j)
{
    size_t high = convolution_out_height(s), wide = convolution_out_width(s);
    real sum = 0;
    for (size_t o = 0; o < s->out; o++)
        for (size_t u = 0; u < s->kernel; u++)
            for (size_t v = 0; v < s->kernel; v++)
                sum +=
                    w[((o * s->in + c) * s->kernel + u) * s->kernel + v] *
                    pixel(dy + o * high * wide, high, wide, i - u + s->padding, j - v + s->padding);
    return sum;
}

void NAMED(convolution_input_gradient)(const struct convolution *shape, size_t rows, const real *dy,
                                       const real *w, real *dx)
{
    const struct convolution *s = shape;
    size_t out_image = s->out * convolution_out_height(s) * convolution_out_width(s);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < s->in; c++)
            for (size_t i = 0; i < s->height; i++)
                for (size_t j = 0; j < s->width; j++)
                    dx[((r * s->in + c) * s->height + i) * s->width + j] =
                        input_gradient(s, dy + r * out_image, w, c, i, j);
}

/* The sum over rows and outputs for one weight. */
static real weight_gradient(const struct convolution *s, size_t rows, const real *x, const real *dy,
                            size_t o, size_t c, size_t u, size_t v)
{
    size_t high = convolution_out_height(s), wide = convolution_out_width(s);
    real sum = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < high; i++)
            for (size_t j = 0; j < wide; j++)
                sum += dy[((r * s->out + o) * high + i) * wide + j] *
                       pixel(x + (r * s->in + c) * s->height * s->width, s->height, s->width,
                             i + u - s->padding, j + v - s->padding);
    return sum;
}

void NAMED(convolution_weight_gradient)(const struct convolution *shape, size_t rows, const real *x,
                                        const real *dy, real alpha, real beta, real *dw)
{
    const struct convolution *s = shape;
    for (size_t o = 0; o < s->out; o++)
        for (size_t c = 0; c < s->in; c++)
            for (size_t u = 0; u < s->kernel; u++)
                for (size_t v = 0; v < s->kernel; v++) {
                    real sum = alpha * weight_gradient(s, rows, x, dy, o, c, u, v);
                    real *to = &dw[((o * s->in + c) * s->kernel + u) * s->kernel + v];
                    *to = beta == 0 ? sum : sum + beta * *to;
                }
}

/* Where in x the `place`th value (0 to 3) of the window of output i, j is. */
static size_t window(size_t height, size_t width, size_t plane, size_t i, size_t j, int place)
{
    return (plane * height + 2 * i + (size_t)(place / 2)) * width + 2 * j + (size_t)(place % 2);
}

void NAMED(pool)(size_t planes, size_t height, size_t width, const real *x, real *y, uint8_t *which)
{
    for (size_t p = 0; p < planes; p++)
        for (size_t i = 0; i < height / 2; i++)
            for (size_t j = 0; j < width / 2; j++) {
                size_t at = (p * (height / 2) + i) * (width / 2) + j;
                int best = 0;
                for (int place = 1; place < 4; place++) {
                    real value = x[window(height, width, p, i, j, place)];
                    if (value > x[window(height, width, p, i, j, best)] || value != value)
                        best = place;
                }
                y[at] = x[window(height, width, p, i, j, best)];
                which[at] = (uint8_t)best;
            }
}

void NAMED(pool_backward)(size_t planes, size_t height, size_t width, const real *dy,
                          const uint8_t *which, real *dx)
{
    for (size_t i = 0; i < planes * height * width; i++)
        dx[i] = 0;
    for (size_t p = 0; p < planes; p++)
        for (size_t i = 0; i < height / 2; i++)
            for (size_t j = 0; j < width / 2; j++) {
                size_t at = (p * (height / 2) + i) * (width / 2) + j;
                dx[window(height, width, p, i, j, which[at])] = dy[at];
            }
}
