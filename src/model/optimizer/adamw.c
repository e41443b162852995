/* Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2), as PyTorch's
 * torch.optim.AdamW; every parameter decays, biases and norms too. */
#include "adam.h"

static const struct option options[] = {ADAM_OPTIONS(1e-8, 1e-2), {.name = NULL}};

static void step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    double decay = optimizer->spec->option[ADAM_DECAY];
    struct adam_step how = adam_step_of(optimizer, optimizer->lr);
    how.keep = (float)(1 - optimizer->lr * decay);
    adam_update(self, optimizer, model, &how);
}

static const struct optimizer_kind kind = {
    .options = options, .states = adam_states, .step = step};

const struct optimizer_ops optimizer_adamw = {
    .name = "adamw",
    .summary = "Adam with decay apart from the gradient, as PyTorch's AdamW",
    .options = "lr=0.001,beta1=0.9,beta2=0.999,eps=1e-08,weight_decay=0.01",
    .kind = &kind,
};
