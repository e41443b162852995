#include "../schedule.h"

static const struct option options[] = {SCHEDULE_COMMON, {.name = NULL}};

static double rate(const double *option, uint64_t step, double progress)
{
    (void)option;
    (void)step;
    (void)progress;
    return 1;
}

static const struct schedule_kind kind = {.options = options, .rate = rate};

const struct schedule_ops schedule_constant = {
    .name = "constant",
    .summary = "the same rate in every step, after the warm-up",
    .options = "warmup=0[,start=F]",
    .kind = &kind,
};
