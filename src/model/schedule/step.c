/* A factor of `gamma` every so many steps, as PyTorch's StepLR, but not below `final`. */
#include "../schedule.h"

#include "threadrack/base/exact.h"

enum { EVERY = SCHEDULE_OWN, GAMMA, FINAL };

static const struct option options[] = {
    SCHEDULE_COMMON,
    [EVERY] = {"every", OPTION_COUNT, 30, 1, 1e9},
    [GAMMA] = {"gamma", OPTION_REAL, 0.1, 0, 1},
    [FINAL] = {"final", OPTION_REAL, 0, 0, 1},
    {.name = NULL},
};

static double rate(const double *option, uint64_t step, double progress)
{
    (void)progress;
    double rate = exact_power(option[GAMMA], step / (uint64_t)option[EVERY]);
    return rate > option[FINAL] ? rate : option[FINAL];
}

static const struct schedule_kind kind = {.options = options, .rate = rate};

const struct schedule_ops schedule_step = {
    .name = "step",
    .summary = "a factor every so many steps, as PyTorch's StepLR",
    .options = "every=30,gamma=0.1,final=0,warmup=0[,start=F]",
    .kind = &kind,
};
