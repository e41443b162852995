#include "adam.h"

#include "threadrack/base/exact.h"

#include <math.h>

const char *const adam_states[] = {"exp_avg", "exp_avg_sq", NULL};

enum { ADAM_FLOPS = 14, ADAM_ARRAYS = 7 }; /* w, g, m, v are read; w, m, v written */

struct adam_step adam_step_of(const struct optimizer *optimizer, double lr)
{
    const double *option = optimizer->spec->option;
    uint64_t t = optimizer->taken + 1;
    return (struct adam_step){
        .beta1 = (float)option[ADAM_BETA1],
        .rest1 = (float)(1 - option[ADAM_BETA1]),
        .beta2 = (float)option[ADAM_BETA2],
        .rest2 = (float)(1 - option[ADAM_BETA2]),
        .eps = (float)option[ADAM_EPS],
        .rate = (float)(lr / (1 - exact_power(option[ADAM_BETA1], t))),
        .root2 = (float)sqrt(1 - exact_power(option[ADAM_BETA2], t)),
        .keep = 1,
    };
}

void adam_update(struct rank *self, struct optimizer *optimizer, struct model *model,
                 const struct adam_step *how)
{
    size_t count = model->parameter_count;
    bool decays = optimizer->spec->option[ADAM_DECAY] != 0;
    struct work work = update_work(self, count, ADAM_FLOPS + (decays ? 2 : 0), ADAM_ARRAYS);
    if (!rank_compute_begin(self, work))
        return;
    math_adam(count, model->parameters, model->gradients, optimizer->state[0], optimizer->state[1],
              how);
    rank_compute_end(self);
}
