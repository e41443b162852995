/* Layer normalisation, a row at a time, each of a few passes over a row that stays in the cache. */
#include "reference.h"

#include "threadrack/base/vectorise.h"

#include "lanes.h"

#include <math.h>

VECTORISED static void normalise(size_t n, float eps, const float *x, const float *gain,
                                 const float *bias, float *y, float *mean, float *rstd)
{
    LANES_SUM(sum, n, x[j]);
    float middle = sum / (float)n;
    LANES_SUM(squares, n, (x[j] - middle) * (x[j] - middle));
    float scale = 1 / sqrtf(squares / (float)n + eps);
    for (size_t j = 0; j < n; j++)
        y[j] = (x[j] - middle) * scale * gain[j] + bias[j];
    *mean = middle;
    *rstd = scale;
}

void math_layernorm(size_t rows, size_t n, float eps, const float *x, const float *gain,
                    const float *bias, float *y, float *mean, float *rstd)
{
    float unwanted;
    if (math_by_plain_loops()) {
        math_layernorm_reference(rows, n, eps, x, gain, bias, y, mean, rstd);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        normalise(n, eps, x + i * n, gain, bias, y + i * n, mean ? mean + i : &unwanted,
                  rstd ? rstd + i : &unwanted);
}

/* dgain and dbias += one row's. */
VECTORISED static void add_row(size_t n, const float *restrict x, float mean, float rstd,
                               const float *restrict dy, float *restrict dgain,
                               float *restrict dbias)
{
    for (size_t j = 0; j < n; j++) {
        dgain[j] += dy[j] * ((x[j] - mean) * rstd);
        dbias[j] += dy[j];
    }
}

/* With x' the normalised row and g = dy gain: dx = rstd (g - mean of g - x' mean of g x'). */
VECTORISED static void row_backward(size_t n, const float *x, const float *gain, float mean,
                                    float rstd, const float *dy, float *dx, bool add)
{
    LANES_SUM(sum, n, dy[j] * gain[j]);
    LANES_SUM(with_x, n, dy[j] * gain[j] * ((x[j] - mean) * rstd));
    float shift = sum / (float)n, slope = with_x / (float)n;
    if (add)
        for (size_t j = 0; j < n; j++)
            dx[j] += rstd * (dy[j] * gain[j] - shift - (x[j] - mean) * rstd * slope);
    else
        for (size_t j = 0; j < n; j++)
            dx[j] = rstd * (dy[j] * gain[j] - shift - (x[j] - mean) * rstd * slope);
}

void math_layernorm_backward(size_t rows, size_t n, const float *x, const float *gain,
                             const float *mean, const float *rstd, const float *dy, float *dx,
                             bool add_dx, float *dgain, float *dbias, bool accumulate)
{
    if (math_by_plain_loops()) {
        math_layernorm_backward_reference(rows, n, x, gain, mean, rstd, dy, dx, add_dx, dgain,
                                          dbias, accumulate);
        return;
    }
    for (size_t j = 0; !accumulate && j < n; j++)
        dgain[j] = dbias[j] = 0;
    for (size_t i = 0; i < rows; i++) {
        add_row(n, x + i * n, mean[i], rstd[i], dy + i * n, dgain, dbias);
        row_backward(n, x + i * n, gain, mean[i], rstd[i], dy + i * n, dx + i * n, add_dx);
    }
}
