#include "in_double.h"

#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"

#include "src/math/reference/activation.c"
#include "src/math/reference/attention_slices.c"
#include "src/math/reference/convolution.c"
#include "src/math/reference/loss.c"
#include "src/math/reference/transformer.c"

double *random_doubles(size_t count, uint32_t which)
{
    double *values = memory_zeroed(count + 1, sizeof *values);
    struct draw draw = {.seed = 7, .purpose = PURPOSE_TEST, .rank = which};
    for (size_t i = 0; i < count; i++)
        values[i] = (double)(float)(2 * draw_uniform(draw, i) - 1);
    return values;
}

float *floats_of(size_t count, const double *values)
{
    float *floats = memory_zeroed(count + 1, sizeof *floats);
    for (size_t i = 0; i < count; i++)
        floats[i] = (float)values[i];
    return floats;
}

double *doubles_of(size_t count, const float *values)
{
    double *doubles = memory_zeroed(count + 1, sizeof *doubles);
    for (size_t i = 0; i < count; i++)
        doubles[i] = (double)values[i];
    return doubles;
}

double dot_product(size_t count, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

double farthest(size_t count, const float *a, const double *b)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, isnan(a[i]) ? (double)INFINITY : fabs((double)a[i] - b[i]));
    return most;
}

void check_gradient(size_t count, double *values, const double *gradient,
                    double (*loss)(void *context), void *context)
{
    const double step = 1e-5;
    for (size_t i = 0; i < count; i++) {
        double saved = values[i];
        values[i] = saved + step;
        double above = loss(context);
        values[i] = saved - step;
        double below = loss(context);
        values[i] = saved;
        CHECK_NEAR(gradient[i], (above - below) / (2 * step), 1e-7 * (1 + fabs(gradient[i])));
    }
}

/* A shared BLIS keeps the kernels that it began with and refuses others, so auto comes first. */
void each_kernel(void (*check)(void))
{
    static const char *const words[] = {"auto", "generic", "haswell", "skx", "reference"};
    struct errors errors;
    for (int i = 0; i < 5; i++) {
        errors_init(&errors);
        if (math_start(words[i], &errors))
            check();
        errors_release(&errors);
    }
    CHECK(math_start("auto", &errors));
}
