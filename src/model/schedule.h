/* What the members of the schedule family give. */
#ifndef THREADRACK_SRC_MODEL_SCHEDULE_H
#define THREADRACK_SRC_MODEL_SCHEDULE_H

#include "options.h"

#include "threadrack/model/schedule.h"

enum { SCHEDULE_WARMUP, SCHEDULE_START, SCHEDULE_OWN, SCHEDULE_OPTIONS = 6 };

/* The first rows of every member's table; -1 means not given. */
#define SCHEDULE_COMMON                                                                            \
    [SCHEDULE_WARMUP] = {"warmup", OPTION_COUNT, 0, 0, 1e9},                                       \
    [SCHEDULE_START] = {"start", OPTION_REAL, -1, 0, 1}
/* And the next ones of those that decay towards the end. */
enum { SCHEDULE_FINAL = SCHEDULE_OWN, SCHEDULE_STEPS };
#define SCHEDULE_DECAYING                                                                          \
    [SCHEDULE_FINAL] = {"final", OPTION_REAL, 0, 0, 1},                                            \
    [SCHEDULE_STEPS] = {"steps", OPTION_COUNT, -1, 1, 1e9}

struct schedule {
    const struct schedule_ops *ops;
    double option[SCHEDULE_OPTIONS];
    double steps, factor;
};

struct schedule_kind {
    const struct option *options;
    int steps; /* the option that says when decay ends; 0 means it has none */
    /* The rate behind the warm-up, of the full one: `step` from 0, `progress` from 0 to 1. */
    double (*rate)(const double *option, uint64_t step, double progress);
};

#define SCHEDULE(name) extern const struct schedule_ops schedule_##name;
#include "schedule.def"
#undef SCHEDULE

#endif
