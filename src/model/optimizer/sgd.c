/* Stochastic gradient descent with momentum and weight decay, as PyTorch's torch.optim.SGD:
 *
 *   g' = g + weight_decay w      v = momentum v + g'      w -= lr (v, or with nesterov g' + momentum v)
 */
#include "../optimizer.h"

enum { LR, MOMENTUM, NESTEROV, DECAY };

static const struct option options[] = {
    [LR] = {"lr", OPTION_REAL, 0.1, 0, 1e6},
    [MOMENTUM] = {"momentum", OPTION_REAL, 0, 0, 0.999999},
    [NESTEROV] = {"nesterov", OPTION_SWITCH, 0, 0, 1},
    [DECAY] = {"weight_decay", OPTION_REAL, 0, 0, 1e6},
    {.name = NULL},
};
static const char *const states[] = {"momentum_buffer", NULL};

static bool check(const struct optimizer_spec *spec, const char *where, struct errors *errors)
{
    return spec->option[NESTEROV] == 0 || spec->option[MOMENTUM] != 0 ||
           errors_add(errors, "%s: nesterov=on needs a momentum above 0", where);
}

static int state_count(const struct optimizer_spec *spec)
{
    return spec->option[MOMENTUM] != 0;
}

/* Gradients and weights are read and weights written; with momentum so is the velocity. */
static struct work step_work(const struct rank *self, const double *option, size_t count)
{
    bool momentum = option[MOMENTUM] != 0, decay = option[DECAY] != 0;
    uint64_t flops = 2 + 2 * (uint64_t)momentum + 2 * (uint64_t)decay;
    return update_work(self, count, flops + (option[NESTEROV] != 0 ? 2 : 0), momentum ? 5 : 3);
}

static void step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    const double *option = optimizer->spec->option;
    float lr = (float)optimizer->lr, momentum = (float)option[MOMENTUM];
    float decay = (float)option[DECAY];
    if (!rank_compute_begin(self, step_work(self, option, model->parameter_count)))
        return;
    if (option[NESTEROV] != 0)
        math_sgd_nesterov(model->parameter_count, model->parameters, model->gradients,
                          optimizer->state[0], lr, momentum, decay);
    else if (!model->fused.done)
        math_sgd(model->parameter_count, model->parameters, model->gradients, optimizer->state[0],
                 lr, momentum, decay, optimizer->taken == 0);
    rank_compute_end(self);
}

static bool fuse(const struct optimizer_spec *spec, double *decay)
{
    *decay = spec->option[DECAY];
    return spec->option[MOMENTUM] == 0;
}

static const struct optimizer_kind kind = {.options = options,
                                           .check = check,
                                           .states = states,
                                           .state_count = state_count,
                                           .step = step,
                                           .fuse = fuse};

const struct optimizer_ops optimizer_sgd = {
    .name = "sgd",
    .summary = "stochastic gradient descent, as PyTorch's SGD",
    .options = "lr=0.1,momentum=0,nesterov=off,weight_decay=0",
    .kind = &kind,
};
