/* Activations of one row, or of one channel of an image. */
#ifndef THREADRACK_SRC_MATH_ROWS_H
#define THREADRACK_SRC_MATH_ROWS_H

#include "threadrack/math/math.h"

/* y (n) += bias (n, or NULL), out = activation(y). */
typedef void forward_row(size_t n, float *y, const float *bias, float *out);
forward_row *forward_row_of(enum activation kind);

/* dy (n) *= activation'(from), then sum (n, or NULL) += dy. `from` is the output for relu and tanh
 * where there is one, else the pre-activation. */
typedef void backward_row(size_t n, float *restrict dy, const float *restrict from,
                          float *restrict sum);
backward_row *backward_row_of(enum activation kind, const float *pre, const float *out,
                              const float **from);

#endif
