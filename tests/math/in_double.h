/* The plain loops in double, and words to hold kernels against them: the loops' gradients against
 * finite differences, then every choice of float kernels against the loops. */
#ifndef THREADRACK_TESTS_MATH_IN_DOUBLE_H
#define THREADRACK_TESTS_MATH_IN_DOUBLE_H

#define REAL_IS_DOUBLE
#include "src/math/reference/real.h"

/* Uniform in [-1, 1); `which` tells streams apart. The caller frees. */
double *random_doubles(size_t count, uint32_t which);
float *floats_of(size_t count, const double *values);
double *doubles_of(size_t count, const float *values);
double dot_product(size_t count, const double *a, const double *b);
/* The largest |a - b|; infinite where a is not a number. */
double farthest(size_t count, const float *a, const double *b);

/* Checks `gradient` (count) against central differences of `loss` over each of `values`. */
void check_gradient(size_t count, double *values, const double *gradient,
                    double (*loss)(void *context), void *context);

/* Calls `check` under each math.kernel that runs here, then goes back to auto. */
void each_kernel(void (*check)(void));

#endif
