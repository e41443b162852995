/* Optimizers: from summed gradients to the next weights.
 *
 * To add one: src/model/optimizer/<name>.c and a row in src/model/optimizer.def; src/model/optimizer.h
 * says what a member gives.
 *   sgd    w -= lr v, v = momentum v + g + weight_decay w            torch.optim.SGD
 *   adamw  moments of the gradient, decay apart from them            torch.optim.AdamW (Loshchilov and
 *          Hutter 2019); it decays every parameter, biases too
 */
#ifndef THREADRACK_MODEL_OPTIMIZER_H
#define THREADRACK_MODEL_OPTIMIZER_H

#include "threadrack/model/model.h"

struct optimizer;
struct optimizer_spec;
struct optimizer_kind;
struct optimizer_ops {
    const char *name, *summary, *options;
    const struct optimizer_kind *kind; /* private: src/model/optimizer.h */
};
extern const struct optimizer_ops *const optimizers[]; /* NULL at the end */
struct optimizer_spec *optimizer_parse(const char *text, const char *where, struct errors *errors);
void optimizer_spec_free(struct optimizer_spec *spec);

/* How many states it keeps, each as large as the parameters. */
int optimizer_state_count(const struct optimizer_spec *spec);

/* Whether it needs norms of whole tensors, and so cannot update a part of one. */
bool optimizer_needs_norms(const struct optimizer_spec *spec);

/* State comes from the rank's region. */
struct optimizer *optimizer_create(struct rank *self, const struct optimizer_spec *spec,
                                   const struct model *model);
/* Of a rank that updates only these ranges of its parameters, ascending or not: state is kept of them
 * alone, packed in their order. Updates are by optimizer_step_share. The list outlives it. Not of
 * optimizers that need norms of whole tensors. */
struct optimizer *optimizer_create_sharded(struct rank *self, const struct optimizer_spec *spec,
                                           const struct share *shares, int count);
/* Before those of a step, where gradients are clipped: this rank's shares of them, range by range. */
struct gradient_shares {
    const struct share *ranges;
    float *const *values; /* one a range; not looked at where the rank is not real */
    int count;
};
void optimizer_clip_shares(struct rank *self, struct optimizer *optimizer, const struct model *model,
                           float *const *gradients);
/* Updates the i-th range, whose parameters and gradients are where it is told (NULL where the rank is
 * not real); all of them, each once, make a step, which optimizer_end_shares ends. */
void optimizer_step_share(struct rank *self, struct optimizer *optimizer, const struct model *model,
                          int i, float *parameters, float *gradients);
void optimizer_end_shares(struct optimizer *optimizer);
void optimizer_free(struct optimizer *optimizer);
/* Before the first step: gradients whose norm over the whole model is above `most` are scaled down
 * to it, as by PyTorch's clip_grad_norm_ (Pascanu et al. 2013). Replicated tensors count once. What
 * other ranks hold is summed by the hook sum_over_model. */
void optimizer_clip(struct optimizer *optimizer, struct rank *self, double most);
/* The norm before clipping, of the latest step; NaN where nothing is clipped. */
double optimizer_gradient_norm(const struct optimizer *optimizer);
/* The option `lr`; and the rate of the coming steps, which is `lr` until it is set. */
double optimizer_rate(const struct optimizer_spec *spec);
void optimizer_set_rate(struct optimizer *optimizer, struct model *model, double lr);
/* As when it was created: the state is zeros, no step has been taken. */
void optimizer_restart(struct optimizer *optimizer, const struct model *model);
void optimizer_step(struct rank *self, struct optimizer *optimizer, struct model *model);
/* Lets the backward pass apply the update as it computes the weights' gradients: W -= lr dY^T X is
 * one product, and saves a pass over all parameters. For ranks whose gradients nobody else reads:
 * no replicas, no gradient_ready hook, no clipping. Only a step of one microbatch is fused; `gradients` are not
 * written then. The same ops are recorded, and optimizer_step still follows. False, and nothing is
 * changed, where the optimizer cannot (anything but plain sgd). */
bool optimizer_fuse(struct optimizer *optimizer, struct model *model);

#endif
