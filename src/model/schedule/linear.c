/* As a straight line from the full rate to `final` of it. */
#include "../schedule.h"

static const struct option options[] = {SCHEDULE_COMMON, SCHEDULE_DECAYING, {.name = NULL}};

static double rate(const double *option, uint64_t step, double progress)
{
    (void)step;
    return 1 - (1 - option[SCHEDULE_FINAL]) * progress;
}

static const struct schedule_kind kind = {.options = options, .steps = SCHEDULE_STEPS, .rate = rate};

const struct schedule_ops schedule_linear = {
    .name = "linear",
    .summary = "a straight line up to the full rate, and one down to a share of it at the end",
    .options = "warmup=0,final=0[,start=F][,steps=N]",
    .kind = &kind,
};
