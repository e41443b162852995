/* LAMB (You et al. 2020, Large Batch Optimization for Deep Learning, algorithm 2): Adam's direction
 * with decoupled decay, r = m^ / (sqrt(v^) + eps) + weight_decay w, each tensor's scaled to its own
 * norm: w -= lr |w| / |r| r. Where either norm is 0 the ratio is 1; phi is the identity. */
#include "../norms.h"
#include "adam.h"

enum { FLOPS = 14, ARRAYS = 7, NORM_FLOPS = 4, APPLY_FLOPS = 2, APPLY_ARRAYS = 3 };

static const struct option options[] = {ADAM_OPTIONS(1e-6, 1e-2), {.name = NULL}};

/* Where the gradients were there are directions behind it. */
static void find_directions(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    size_t count = model->parameter_count;
    struct adam_step how = adam_step_of(optimizer, 1);
    how.decay = (float)optimizer->spec->option[ADAM_DECAY];
    uint64_t flops = FLOPS + NORM_FLOPS + (how.decay != 0 ? 2 : 0);
    if (!rank_compute_begin(self, parameters_work(count, flops, ARRAYS)))
        return;
    math_adam_direction(count, model->parameters, model->gradients, optimizer->state[0],
                        optimizer->state[1], &how);
    norms_measure(&optimizer->norms, model);
    rank_compute_end(self);
}

static void step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    find_directions(self, optimizer, model);
    norms_sum(self, &optimizer->norms, model);
    struct work work = update_work(self, model->parameter_count, APPLY_FLOPS, APPLY_ARRAYS);
    if (!rank_compute_begin(self, work))
        return;
    for (int i = 0; i < model->tensor_count; i++) {
        const struct model_tensor *tensor = &model->tensors[i];
        double w = norm_of_weights(&optimizer->norms, i), r = norm_of_slopes(&optimizer->norms, i);
        double ratio = w > 0 && r > 0 ? w / r : 1;
        math_sgd(tensor->count, model->parameters + tensor->at, model->gradients + tensor->at, NULL,
                 (float)(optimizer->lr * ratio), 0, 0, false);
    }
    rank_compute_end(self);
}

static const struct optimizer_kind kind = {
    .options = options, .states = adam_states, .step = step, .needs_norms = true};

const struct optimizer_ops optimizer_lamb = {
    .name = "lamb",
    .summary = "AdamW's direction, each tensor's step as long as its norm (You et al. 2020)",
    .options = "lr=0.001,beta1=0.9,beta2=0.999,eps=1e-06,weight_decay=0.01",
    .kind = &kind,
};
