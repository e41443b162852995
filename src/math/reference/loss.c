/* The losses, a row at a time. */
#include "real.h"

static real largest(size_t n, const real *values)
{
    real most = values[0];
    for (size_t j = 1; j < n; j++)
        most = values[j] > most ? values[j] : most;
    return most;
}

double NAMED(softmax_loss)(size_t rows, size_t n, const real *logits, const int32_t *labels,
                           real scale, real *gradient)
{
    double total = 0;
    for (size_t i = 0; i < rows; i++) {
        const real *row = logits + i * n;
        real shift = largest(n, row), sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += REAL(exp)(row[j] - shift);
        total += exact_log((double)sum) - ((double)row[labels[i]] - (double)shift);
        for (size_t j = 0; gradient && j < n; j++)
            gradient[i * n + j] =
                scale * (REAL(exp)(row[j] - shift) / sum - (j == (size_t)labels[i]));
    }
    return (double)scale * total;
}

double NAMED(squared_loss)(size_t rows, size_t n, const real *y, const real *targets, real scale,
                           real *gradient)
{
    double total = 0;
    for (size_t i = 0; i < rows * n; i++) {
        double off = (double)y[i] - (double)targets[i];
        total += off * off;
        if (gradient)
            gradient[i] = 2 * scale * (y[i] - targets[i]);
    }
    return (double)scale * total;
}
