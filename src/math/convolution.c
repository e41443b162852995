#include "reference.h"

size_t math_convolution_scratch(const struct convolution *shape)
{
    (void)shape;
    return 0;
}

void math_convolution(const struct convolution *shape, size_t rows, const float *x, const float *w,
                      const float *bias, enum activation kind, float *y, float *out, float *scratch)
{
    (void)scratch;
    math_convolution_reference(shape, rows, x, w, bias, kind, y, out);
}

void math_image_activate_backward(size_t rows, size_t channels, size_t pixels, float *dy,
                                  const float *pre, const float *out, enum activation kind,
                                  float *dbias, bool accumulate)
{
    math_image_activate_backward_reference(rows, channels, pixels, dy, pre, out, kind, dbias,
                                           accumulate);
}

void math_convolution_input_gradient(const struct convolution *shape, size_t rows, const float *dy,
                                     const float *w, float *dx, float *scratch)
{
    (void)scratch;
    math_convolution_input_gradient_reference(shape, rows, dy, w, dx);
}

void math_convolution_weight_gradient(const struct convolution *shape, size_t rows, const float *x,
                                      const float *dy, float alpha, float beta, float *dw,
                                      float *scratch)
{
    (void)scratch;
    math_convolution_weight_gradient_reference(shape, rows, x, dy, alpha, beta, dw);
}

void math_pool(size_t planes, size_t height, size_t width, const float *x, float *y, uint8_t *which)
{
    math_pool_reference(planes, height, width, x, y, which);
}

void math_pool_backward(size_t planes, size_t height, size_t width, const float *dy,
                        const uint8_t *which, float *dx)
{
    math_pool_backward_reference(planes, height, width, dy, which, dx);
}
