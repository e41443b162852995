/* LARS (You et al. 2017, Large Batch Training of Convolutional Networks, algorithm 1): each tensor
 * has a learning rate of its own,
 *
 *   l = trust |w| / (|g| + weight_decay |w|)
 *   v = momentum v + lr l (g + weight_decay w)      w -= v
 *
 * l is 1 where either norm is 0, as that of biases is at first. */
#include "../norms.h"
#include "../optimizer.h"

enum { LR, MOMENTUM, DECAY, TRUST };
enum { NORM_FLOPS = 4, NORM_ARRAYS = 2, FLOPS = 6, ARRAYS = 5, ARRAYS_WITHOUT_MOMENTUM = 3 };

static const struct option options[] = {
    [LR] = {"lr", OPTION_REAL, 1, 0, 1e6},
    [MOMENTUM] = {"momentum", OPTION_REAL, 0.9, 0, 0.999999},
    [DECAY] = {"weight_decay", OPTION_REAL, 0, 0, 1e6},
    [TRUST] = {"trust", OPTION_REAL, 1e-3, 0, 1e6},
    {.name = NULL},
};
static const char *const states[] = {"momentum_buffer", NULL};

static int state_count(const struct optimizer_spec *spec)
{
    return spec->option[MOMENTUM] != 0;
}

static double local_rate(const struct optimizer *optimizer, int tensor)
{
    const double *option = optimizer->spec->option;
    double w = norm_of_weights(&optimizer->norms, tensor);
    double g = norm_of_slopes(&optimizer->norms, tensor);
    return w > 0 && g > 0 ? option[TRUST] * w / (g + option[DECAY] * w) : 1;
}

static void apply(const struct optimizer *optimizer, struct model *model, int i)
{
    const double *option = optimizer->spec->option;
    const struct model_tensor *tensor = &model->tensors[i];
    float *w = model->parameters + tensor->at, *g = model->gradients + tensor->at;
    float rate = (float)(optimizer->lr * local_rate(optimizer, i));
    if (option[MOMENTUM] == 0)
        math_sgd(tensor->count, w, g, NULL, rate, 0, (float)option[DECAY], false);
    else
        math_lars(tensor->count, w, g, optimizer->state[0] + tensor->at, rate,
                  (float)option[MOMENTUM], (float)option[DECAY]);
}

static void step(struct rank *self, struct optimizer *optimizer, struct model *model)
{
    size_t count = model->parameter_count;
    int arrays = optimizer->spec->option[MOMENTUM] != 0 ? ARRAYS : ARRAYS_WITHOUT_MOMENTUM;
    if (rank_compute_begin(self, parameters_work(count, NORM_FLOPS, NORM_ARRAYS))) {
        norms_measure(&optimizer->norms, model);
        rank_compute_end(self);
    }
    norms_sum(self, &optimizer->norms, model);
    if (!rank_compute_begin(self, update_work(self, count, FLOPS, (uint64_t)arrays)))
        return;
    for (int i = 0; i < model->tensor_count; i++)
        apply(optimizer, model, i);
    rank_compute_end(self);
}

static const struct optimizer_kind kind = {.options = options,
                                           .states = states,
                                           .state_count = state_count,
                                           .step = step,
                                           .needs_norms = true};

const struct optimizer_ops optimizer_lars = {
    .name = "lars",
    .summary = "SGD with a rate for each tensor by its norms (You et al. 2017)",
    .options = "lr=1,momentum=0.9,weight_decay=0,trust=0.001",
    .kind = &kind,
};
