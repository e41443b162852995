/* Passes over whole parameter buffers: bound by memory, so each touches every element once. */
#include "threadrack/math/math.h"

#include <math.h>

#include "threadrack/base/vectorise.h"

VECTORISED void math_add(size_t n, float *dst, const float *src)
{
    for (size_t i = 0; i < n; i++)
        dst[i] += src[i];
}

VECTORISED static void sgd_plain(size_t n, float *restrict w, const float *restrict g, float lr)
{
    for (size_t i = 0; i < n; i++)
        w[i] -= lr * g[i];
}

VECTORISED static void sgd_decayed(size_t n, float *restrict w, const float *restrict g, float lr,
                                   float decay)
{
    for (size_t i = 0; i < n; i++)
        w[i] -= lr * (g[i] + decay * w[i]);
}

VECTORISED static void sgd_first(size_t n, float *restrict w, const float *restrict g,
                                 float *restrict v, float lr, float decay)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = g[i] + decay * w[i];
        w[i] -= lr * v[i];
    }
}

VECTORISED static void sgd_momentum(size_t n, float *restrict w, const float *restrict g,
                                    float *restrict v, float lr, float momentum, float decay)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = momentum * v[i] + (g[i] + decay * w[i]);
        w[i] -= lr * v[i];
    }
}

void math_sgd(size_t n, float *w, const float *g, float *v, float lr, float momentum, float decay,
              bool first)
{
    if (momentum != 0 && first)
        sgd_first(n, w, g, v, lr, decay);
    else if (momentum != 0)
        sgd_momentum(n, w, g, v, lr, momentum, decay);
    else if (decay != 0)
        sgd_decayed(n, w, g, lr, decay);
    else
        sgd_plain(n, w, g, lr);
}

VECTORISED void math_sgd_nesterov(size_t n, float *restrict w, const float *restrict g,
                                  float *restrict v, float lr, float momentum, float decay)
{
    for (size_t i = 0; i < n; i++) {
        float slope = g[i] + decay * w[i];
        v[i] = momentum * v[i] + slope;
        w[i] -= lr * (slope + momentum * v[i]);
    }
}

VECTORISED void math_adam(size_t n, float *restrict w, const float *restrict g, float *restrict m,
                          float *restrict v, const struct adam_step *step)
{
    struct adam_step s = *step;
    for (size_t i = 0; i < n; i++) {
        float slope = g[i] + s.decay * w[i], kept = w[i] * s.keep;
        m[i] = m[i] * s.beta1 + s.rest1 * slope;
        v[i] = v[i] * s.beta2 + s.rest2 * slope * slope;
        w[i] = kept - s.rate * (m[i] / (sqrtf(v[i]) / s.root2 + s.eps));
    }
}

VECTORISED void math_adam_direction(size_t n, const float *restrict w, float *restrict g,
                                    float *restrict m, float *restrict v,
                                    const struct adam_step *step)
{
    struct adam_step s = *step;
    for (size_t i = 0; i < n; i++) {
        float slope = g[i];
        m[i] = m[i] * s.beta1 + s.rest1 * slope;
        v[i] = v[i] * s.beta2 + s.rest2 * slope * slope;
        g[i] = s.rate * m[i] / (sqrtf(v[i]) / s.root2 + s.eps) + s.decay * w[i];
    }
}

VECTORISED void math_lars(size_t n, float *restrict w, const float *restrict g, float *restrict v,
                          float rate, float momentum, float decay)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = momentum * v[i] + rate * (g[i] + decay * w[i]);
        w[i] -= v[i];
    }
}

enum { LANES = 16 };

VECTORISED double math_square_sum(size_t n, const float *x)
{
    double lanes[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)x[i + (size_t)lane] * (double)x[i + (size_t)lane];
    for (; i < n; i++)
        lanes[i % LANES] += (double)x[i] * (double)x[i];
    for (int lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

VECTORISED void math_scale(size_t n, float *x, float factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}
