/* Activations and their slopes, one element at a time. A matrix (rows, n) is an image of n channels
 * and one pixel. */
#include "real.h"

static real activation(enum activation kind, real x)
{
    switch (kind) {
    case ACTIVATION_RELU:
        return x <= 0 ? 0 : x;
    case ACTIVATION_TANH:
        return REAL(tanh)(x);
    case ACTIVATION_GELU:
        return (real)0.5 * x * (1 + REAL(erf)(x * (real)0.70710678118654752));
    case ACTIVATION_GELU_TANH:
        return (real)0.5 * x *
               (1 + REAL(tanh)((real)0.79788456080286536 * (x + (real)0.044715 * x * x * x)));
    default:
        return x;
    }
}

static real gelu_slope(real x)
{
    real density = (real)0.39894228040143268 * REAL(exp)(-(real)0.5 * x * x);
    return (real)0.5 * (1 + REAL(erf)(x * (real)0.70710678118654752)) + x * density;
}

static real gelu_tanh_slope(real x)
{
    const real factor = (real)0.79788456080286536, cubic = (real)0.044715;
    real t = REAL(tanh)(factor * (x + cubic * x * x * x));
    return (real)0.5 * (1 + t) + (real)0.5 * x * (1 - t * t) * factor * (1 + 3 * cubic * x * x);
}

/* `out` is NULL or activation(x). */
static real slope(enum activation kind, const real *x, const real *out)
{
    real t;
    switch (kind) {
    case ACTIVATION_RELU:
        return !((out ? *out : *x) <= 0);
    case ACTIVATION_TANH:
        t = out ? *out : REAL(tanh)(*x);
        return 1 - t * t;
    case ACTIVATION_GELU:
        return gelu_slope(*x);
    case ACTIVATION_GELU_TANH:
        return gelu_tanh_slope(*x);
    default:
        return 1;
    }
}

void NAMED(image_bias_activate)(size_t rows, size_t channels, size_t pixels, real *y,
                                const real *bias, enum activation kind, real *out)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < pixels; i++) {
                size_t at = (r * channels + c) * pixels + i;
                y[at] += bias ? bias[c] : 0;
                out[at] = activation(kind, y[at]);
            }
}

void NAMED(bias_activate)(size_t rows, size_t n, real *y, const real *bias, enum activation kind,
                          real *out)
{
    NAMED(image_bias_activate)(rows, n, 1, y, bias, kind, out);
}

void NAMED(image_activate_backward)(size_t rows, size_t channels, size_t pixels, real *dy,
                                    const real *pre, const real *out, enum activation kind,
                                    real *dbias, bool accumulate)
{
    for (size_t c = 0; dbias && !accumulate && c < channels; c++)
        dbias[c] = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            for (size_t i = 0; i < pixels; i++) {
                size_t at = (r * channels + c) * pixels + i;
                dy[at] *= slope(kind, pre ? pre + at : NULL, out ? out + at : NULL);
                if (dbias)
                    dbias[c] += dy[at];
            }
}
