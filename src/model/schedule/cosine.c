/* Half a cosine from the full rate to `final` of it (Loshchilov and Hutter 2017, SGDR, equation 5,
 * without restarts). */
#include "../schedule.h"

#include "threadrack/base/exact.h"

static const struct option options[] = {SCHEDULE_COMMON, SCHEDULE_DECAYING, {.name = NULL}};

static double rate(const double *option, uint64_t step, double progress)
{
    (void)step;
    return option[SCHEDULE_FINAL] + (1 - option[SCHEDULE_FINAL]) * 0.5 * (1 + exact_cos_pi(progress));
}

static const struct schedule_kind kind = {.options = options, .steps = SCHEDULE_STEPS, .rate = rate};

const struct schedule_ops schedule_cosine = {
    .name = "cosine",
    .summary = "half a cosine down to a share of the full rate at the end",
    .options = "warmup=0,final=0[,start=F][,steps=N]",
    .kind = &kind,
};
