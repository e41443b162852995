/* Activations, each fused with the pass next to it: the bias before it on the way forward, the
 * bias's gradient after it on the way back. */
#include "threadrack/math/math.h"

#include "threadrack/base/vectorise.h"

#include "functions.h"
#include "reference.h"
#include "rows.h"

/* (1 + tanh z) / 2 is the logistic function of 2 z: one exponential and no branch. */
static inline float gelu_tanh_share(float x)
{
    return 1.0f / (1.0f + function_exp(-1.59576912f * (x + 0.044715f * x * x * x)));
}

/* One row, n wide: y += bias (where there is one), out = activation(y). */
#define FORWARD_ROW(name, expression)                                                              \
    VECTORISED static void name(size_t n, float *y, const float *bias, float *out)                 \
    {                                                                                              \
        for (size_t j = 0; bias && j < n; j++)                                                     \
            y[j] += bias[j];                                                                       \
        for (size_t j = 0; j < n; j++) {                                                           \
            float x = y[j];                                                                        \
            out[j] = (expression);                                                                 \
        }                                                                                          \
    }

FORWARD_ROW(none_row, x)
FORWARD_ROW(relu_row, x <= 0.0f ? 0.0f : x) /* what is no number stays none */
FORWARD_ROW(tanh_row, function_tanh(x))
FORWARD_ROW(gelu_row, 0.5f * x * (1.0f + function_erf(x * 0.70710678f)))
FORWARD_ROW(gelu_tanh_row, x *gelu_tanh_share(x))

forward_row *forward_row_of(enum activation kind)
{
    static forward_row *const row[] = {
        [ACTIVATION_NONE] = none_row,           [ACTIVATION_RELU] = relu_row,
        [ACTIVATION_TANH] = tanh_row,           [ACTIVATION_GELU] = gelu_row,
        [ACTIVATION_GELU_TANH] = gelu_tanh_row,
    };
    return row[kind];
}

void math_bias_activate(size_t rows, size_t n, float *y, const float *bias, enum activation kind,
                        float *out)
{
    forward_row *row = forward_row_of(kind);
    if (math_by_plain_loops()) {
        math_bias_activate_reference(rows, n, y, bias, kind, out);
        return;
    }
    if (kind == ACTIVATION_NONE && !bias && out == y)
        return;
    for (size_t i = 0; i < rows; i++)
        row(n, y + i * n, bias, out + i * n);
}

/* One row of the way back: dy *= activation'(x), sum += dy (where it is wanted). `x` is the
 * pre-activation for gelu, the output for relu and tanh (of which relu may take either). */
#define BACKWARD_ROW(name, expression)                                                             \
    VECTORISED static void name(size_t n, float *restrict dy, const float *restrict from,          \
                                float *restrict sum)                                               \
    {                                                                                              \
        for (size_t j = 0; j < n; j++) {                                                           \
            float x = from[j], d = dy[j];                                                          \
            dy[j] = (expression);                                                                  \
        }                                                                                          \
        for (size_t j = 0; sum && j < n; j++)                                                      \
            sum[j] += dy[j];                                                                       \
    }

static inline float gelu_slope(float x)
{
    float density = 0.39894228f * function_exp(-0.5f * x * x);
    return 0.5f * (1.0f + function_erf(x * 0.70710678f)) + x * density;
}

static inline float gelu_tanh_slope(float x)
{
    float share = gelu_tanh_share(x);
    return share + x * share * (1.0f - share) * 1.59576912f * (1.0f + 0.134145f * x * x);
}

BACKWARD_ROW(relu_back, x <= 0.0f ? 0.0f : d)
BACKWARD_ROW(tanh_back, d *(1.0f - x * x))
BACKWARD_ROW(tanh_back_from_pre, d *(1.0f - function_tanh(x) * function_tanh(x)))
BACKWARD_ROW(gelu_back, d *gelu_slope(x))
BACKWARD_ROW(gelu_tanh_back, d *gelu_tanh_slope(x))

VECTORISED static void none_back(size_t n, float *restrict dy, const float *restrict from,
                                 float *restrict sum)
{
    (void)from;
    for (size_t j = 0; sum && j < n; j++)
        sum[j] += dy[j];
}

backward_row *backward_row_of(enum activation kind, const float *pre, const float *out,
                              const float **from)
{
    static backward_row *const row[] = {
        [ACTIVATION_NONE] = none_back,           [ACTIVATION_RELU] = relu_back,
        [ACTIVATION_TANH] = tanh_back,           [ACTIVATION_GELU] = gelu_back,
        [ACTIVATION_GELU_TANH] = gelu_tanh_back,
    };
    bool from_out = out && (kind == ACTIVATION_RELU || kind == ACTIVATION_TANH);
    *from = from_out ? out : pre;
    return kind == ACTIVATION_TANH && !from_out ? tanh_back_from_pre : row[kind];
}

void math_activate_backward(size_t rows, size_t n, float *dy, const float *pre, const float *out,
                            enum activation kind, float *dbias, bool accumulate)
{
    const float *from;
    backward_row *row = backward_row_of(kind, pre, out, &from);
    if (math_by_plain_loops()) {
        math_image_activate_backward_reference(rows, n, 1, dy, pre, out, kind, dbias, accumulate);
        return;
    }
    for (size_t j = 0; dbias && !accumulate && j < n; j++)
        dbias[j] = 0;
    for (size_t i = 0; i < rows; i++)
        row(n, dy + i * n, from ? from + i * n : NULL, dbias);
}
