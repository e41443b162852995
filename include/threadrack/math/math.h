/* Matrices and element-wise kernels. The only floor that knows BLIS.
 *
 * All matrices are row-major float. Every call runs on the calling thread alone (a local rntm_t of
 * one thread), takes its kernels by shape alone, and gives the same bits in every build: no
 * contraction, no fast-math, sums in an order written in the source. `math.kernel=` forces the
 * kernels: auto (skx where cpuid has AVX-512 F, DQ, BW and VL, else BLIS's own choice), blis (the same, and
 * no product by blocks of our own), skx, haswell, generic, or reference (plain loops, no BLIS at all).
 * convolution.h and transformer.h have the rest.
 */
#ifndef THREADRACK_MATH_MATH_H
#define THREADRACK_MATH_MATH_H

#include "threadrack/base/errors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Chooses the kernels, once, before the first product; `choice` is one of the words above. */
bool math_start(const char *choice, struct errors *errors);
const char *math_kernel(void);       /* what was chosen: "skx" */
const char *math_products(void);     /* who multiplies: "packed blocks and BLIS", "BLIS", "plain loops" */
const char *math_blis_version(void); /* "0.9.0" */
const char *
math_blis_build(void);         /* "serial", "openmp", "pthreads": read from the library itself */
size_t math_pool_bytes(void);  /* what one thread's products hold in pools, at most */
size_t math_stack_bytes(void); /* the stack that a product needs */

/* C (m x n) = alpha * op(A) * op(B) + beta * C; op(A) is m x k, op(B) is k x n. A row stride is the
 * distance in elements between rows as stored. With beta 0, C need not be initialised. */
enum transpose { PLAIN, TRANSPOSED };
void math_gemm(enum transpose ta, enum transpose tb, size_t m, size_t n, size_t k, float alpha,
               const float *a, size_t a_stride, const float *b, size_t b_stride, float beta,
               float *c, size_t c_stride);
/* The same by plain loops: the reference that everything is checked against. */
void math_gemm_reference(enum transpose ta, enum transpose tb, size_t m, size_t n, size_t k,
                         float alpha, const float *a, size_t a_stride, const float *b,
                         size_t b_stride, float beta, float *c, size_t c_stride);

enum activation {
    ACTIVATION_NONE,
    ACTIVATION_RELU,
    ACTIVATION_TANH,
    ACTIVATION_GELU,      /* x Phi(x), exact (erf), as PyTorch's */
    ACTIVATION_GELU_TANH, /* GPT-2's: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
    ACTIVATIONS
};

/* y (rows, n) += bias (n), when bias is not NULL; then out = activation(y). y keeps the
 * pre-activation where out != y. */
void math_bias_activate(size_t rows, size_t n, float *y, const float *bias, enum activation kind,
                        float *out);
/* dy (rows, n) *= activation'(pre) ; relu and tanh may use `out` instead of `pre`. Then, where
 * dbias is not NULL, dbias (n) = beta_zero ? sum of rows : dbias + sum of rows. */
void math_activate_backward(size_t rows, size_t n, float *dy, const float *pre, const float *out,
                            enum activation kind, float *dbias, bool accumulate);

/* Softmax cross-entropy over logits (rows, n): returns scale * sum of -log p[label] (a double,
 * summed in row order), and, where gradient is not NULL, writes scale * (p - onehot) into it. */
double math_softmax_loss(size_t rows, size_t n, const float *logits, const int32_t *labels,
                         float scale, float *gradient);
/* The same where each of some ranks has a share of the classes, n of them from `first`. What they must
 * tell each other of a row is the largest of its logits, the sum of exp(logit - largest), and the
 * label's logit, 0 where it is another's: parts (rows, 3). */
enum { SOFTMAX_PARTS = 3 };
void math_softmax_parts(size_t rows, size_t n, size_t first, const float *logits,
                        const int32_t *labels, float *parts);
/* With those of all, (ranks, rows, 3), in the same order everywhere: the loss of all classes, and the
 * gradient of one's own. */
double math_softmax_of_parts(size_t rows, size_t n, size_t first, const float *logits,
                             const int32_t *labels, size_t ranks, const float *parts, float scale,
                             float *gradient);
/* Squared error over y and targets (rows, n): returns scale * sum of (y - target)^2, and, where
 * gradient is not NULL, writes 2 * scale * (y - target) into it. PyTorch's mean has scale
 * 1 / (rows n). */
double math_squared_loss(size_t rows, size_t n, const float *y, const float *targets, float scale,
                         float *gradient);
/* Index of the largest of each row, the first of equals. */
void math_argmax(size_t rows, size_t n, const float *values, int32_t *out);

/* dst += src, in order. */
void math_add(size_t n, float *dst, const float *src);
/* PyTorch's SGD: g' = g + decay * w; v = first ? g' : momentum * v + g'; w -= lr * v (v is not
 * touched, and may be NULL, when momentum is 0). */
void math_sgd(size_t n, float *w, const float *g, float *v, float lr, float momentum, float decay,
              bool first);
/* The same with Nesterov's look ahead: w -= lr * (g' + momentum * v); v begins at 0. */
void math_sgd_nesterov(size_t n, float *w, const float *g, float *v, float lr, float momentum,
                       float decay);

/* Adam's step t (from 1), PyTorch's order of operations. */
struct adam_step {
    float beta1, rest1; /* and 1 - beta1 */
    float beta2, rest2;
    float eps;
    float rate;  /* lr / (1 - beta1^t) */
    float root2; /* sqrt(1 - beta2^t) */
    float keep;  /* w *= keep first: 1 - lr * decay (AdamW), or 1 */
    float decay; /* g' = g + decay * w (Adam), or 0 */
};
/* m = beta1 m + (1 - beta1) g'; v = beta2 v + (1 - beta2) g'^2; w -= rate m / (sqrt(v) / root2 + eps).
 */
void math_adam(size_t n, float *w, const float *g, float *m, float *v,
               const struct adam_step *step);
/* LAMB's: the moments of g itself (not g'), then g = m / (1 - beta1^t) / (sqrt(v) / root2 + eps) +
 * decay w. The step's rate is 1 / (1 - beta1^t); w is read only. */
void math_adam_direction(size_t n, const float *w, float *g, float *m, float *v,
                         const struct adam_step *step);
/* v = momentum v + rate (g + decay w); w -= v. */
void math_lars(size_t n, float *w, const float *g, float *v, float rate, float momentum,
               float decay);

/* The sum of squares, in double precision, in lanes; and x *= factor. */
double math_square_sum(size_t n, const float *x);
void math_scale(size_t n, float *x, float factor);

#endif
