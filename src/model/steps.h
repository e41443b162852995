/* What layers are made of: single kernels, each recorded with its work and done where the rank is
 * real. Letters: r positions, i inputs, o outputs; weights are (o, i). */
#ifndef THREADRACK_SRC_MODEL_STEPS_H
#define THREADRACK_SRC_MODEL_STEPS_H

#include "layer.h"

/* The work of one product of (r, i) and (o, i); the two on the way back have the same. */
struct work product_work(uint64_t r, uint64_t i, uint64_t o);
/* Of dY^T X, which is written, or, but for the first, added to what is there. */
struct work weight_gradient_work(uint64_t r, uint64_t i, uint64_t o, bool first);
/* A pass over `count` elements in which `arrays` arrays of them are read or written. */
struct work elements_work(uint64_t count, uint64_t flops_each, uint64_t arrays);
/* Operations of an activation, an element. */
uint64_t activation_flops(enum activation kind);

/* Y = X W^T, without a bias. */
void step_product(const struct pass *pass, const float *x, size_t i, const float *w, float *y,
                  size_t o);
/* Y = activation(Y + b); `pre` is Y where the pre-activation is kept, else y. */
void step_bias_activate(const struct pass *pass, float *pre, size_t o, const float *bias,
                        enum activation kind, float *y);
/* dX = dY W. */
void step_product_back(const struct pass *pass, const float *dy, size_t o, const float *w,
                       float *dx, size_t i);
/* The same where they are partial sums over the tensor group, and their sums; in chunks, where the hooks want
 * them (summed.c). `y` and `dx` are pass_partial's and the room for dX. They return where the own positions of the
 * sum are: as pass_scatter_forward and pass_scatter_backward. */
float *step_product_summed(const struct pass *pass, const float *x, size_t i, const float *w, float *y, size_t o);
float *step_product_back_summed(const struct pass *pass, const float *dy, size_t o, const float *w, float *dx,
                                size_t i);
/* dY *= activation', in place; db of tensor `bias` is the sum of its rows, and, where the update is
 * fused, applied. */
void step_activate_back(const struct pass *pass, float *dy, size_t o, const float *pre,
                        const float *y, enum activation kind, int bias);
/* The gradient dY^T X of tensor i, or the fused update by it. */
void step_weight_gradient(const struct pass *pass, int tensor, const float *dy, size_t o,
                          const float *x, size_t i);

/* Those below are of the own positions (pass.own). */

/* Layer normalisation of `width` floats by the tensors gain and gain + 1 (bias). */
void step_norm(const struct pass *pass, size_t width, const float *x, int gain, float *y,
               float *mean, float *rstd);
/* The pass's dX, and the gradients of gain and bias. With `residual` a connection around the branch
 * brings the pass's dY besides. dX is not written where nobody needs it. dY may be overwritten. */
void step_norm_back(const struct pass *pass, size_t width, const float *x, int gain,
                    const float *mean, const float *rstd, float *dy, bool residual);

/* A draw counts as ten operations, as an exponential does. */
enum { DROPOUT_FLOPS = 10 };

/* Y = X + dropout(Y + b): the end of a residual branch, whose product is in Y. What stays is left at `kept`, a byte
 * an element; without dropout nothing. */
void step_residual(const struct pass *pass, size_t width, const float *x, const float *bias,
                   float *y, float *kept);
/* Y = dropout(Y), where there is dropout. */
void step_dropout(const struct pass *pass, size_t width, float *y, float *kept);
/* The gradient of what was dropped from: dY, or, where there is dropout, `to` (own, width), which may be dY. */
float *step_dropout_back(const struct pass *pass, size_t width, const float *kept, float *to);

#endif
