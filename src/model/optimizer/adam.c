/* Adam (Kingma and Ba 2015, algorithm 1), as PyTorch's torch.optim.Adam: weight decay is added to the
 * gradient. */
#include "adam.h"

static const struct option options[] = {ADAM_OPTIONS(1e-8, 0), {.name = NULL}};

static void step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    struct adam_step how = adam_step_of(optimizer, optimizer->lr);
    how.decay = (float)optimizer->spec->option[ADAM_DECAY];
    adam_update(self, optimizer, model, &how);
}

static const struct optimizer_kind kind = {
    .options = options, .states = adam_states, .step = step};

const struct optimizer_ops optimizer_adam = {
    .name = "adam",
    .summary = "moments of the gradient, decay added to it, as PyTorch's Adam",
    .options = "lr=0.001,beta1=0.9,beta2=0.999,eps=1e-08,weight_decay=0",
    .kind = &kind,
};
