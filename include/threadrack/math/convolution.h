/* Convolution (what the field calls so: cross-correlation) and max pooling, as PyTorch's.
 *
 * Letters: R rows (images), Ci and Co channels in and out, H x W pixels in, K the kernel's side, P
 * the padding with zeros on each border, stride 1, Ho = H + 2P - K + 1 and Wo likewise. Images are
 * (R, C, H, W), weights (Co, Ci, K, K). `scratch` is room for math_convolution_scratch floats,
 * whatever kernels were chosen; it holds nothing between calls.
 *
 *   forward   y[r,o,i,j]  = bias[o] + sum over c,u,v of w[o,c,u,v] x[r,c,i+u-P,j+v-P]
 *   input     dx[r,c,i,j] = sum over o,u,v of w[o,c,u,v] dy[r,o,i-u+P,j-v+P]
 *   weight    dw[o,c,u,v] = sum over r,i,j of dy[r,o,i,j] x[r,c,i+u-P,j+v-P]
 */
#ifndef THREADRACK_MATH_CONVOLUTION_H
#define THREADRACK_MATH_CONVOLUTION_H

#include "threadrack/math/math.h"

struct convolution {
    size_t in, out;         /* Ci, Co */
    size_t height, width;   /* H, W */
    size_t kernel, padding; /* K, P; H + 2P and W + 2P are K or more, P is below K */
};

static inline size_t convolution_out_height(const struct convolution *c)
{
    return c->height + 2 * c->padding - c->kernel + 1;
}

static inline size_t convolution_out_width(const struct convolution *c)
{
    return c->width + 2 * c->padding - c->kernel + 1;
}

size_t math_convolution_scratch(const struct convolution *shape);

/* y (R, Co, Ho, Wo) = the products' sums + bias (Co, or NULL), then out = activation(y); y keeps
 * the pre-activation where out != y, as in math_bias_activate. x (R, Ci, H, W). */
void math_convolution(const struct convolution *shape, size_t rows, const float *x, const float *w,
                      const float *bias, enum activation kind, float *y, float *out,
                      float *scratch);
/* math_activate_backward for images: dy (R, Co, pixels) *= activation'; then, where dbias is not
 * NULL, dbias (Co) = or += the sums over rows and pixels. */
void math_image_activate_backward(size_t rows, size_t channels, size_t pixels, float *dy,
                                  const float *pre, const float *out, enum activation kind,
                                  float *dbias, bool accumulate);
/* dx (R, Ci, H, W) = from dy (R, Co, Ho, Wo), the gradient before the activation. */
void math_convolution_input_gradient(const struct convolution *shape, size_t rows, const float *dy,
                                     const float *w, float *dx, float *scratch);
/* dw = alpha * the gradient + beta * dw: (1, 0) writes it, (1, 1) adds it, (-lr, 1 - lr * decay)
 * into the weights is a fused update. With beta 0, dw need not be initialised. */
void math_convolution_weight_gradient(const struct convolution *shape, size_t rows, const float *x,
                                      const float *dy, float alpha, float beta, float *dw,
                                      float *scratch);

/* 2x2 max pooling, stride 2: y (planes, H/2, W/2), rounded down, from x (planes, H, W); a plane is
 * one channel of one row. `which` (as y) is the place of the first largest: 0 to 3, in row order.
 */
void math_pool(size_t planes, size_t height, size_t width, const float *x, float *y,
               uint8_t *which);
/* dx (planes, H, W) = dy where the largest was, 0 elsewhere. */
void math_pool_backward(size_t planes, size_t height, size_t width, const float *dy,
                        const uint8_t *which, float *dx);

#endif
