/* What a timing-only run hears of its clock while that resolves: how far it is, to be told; and what it
 * answers: whether to go on. */
#ifndef EXPERIMENT_PULSE_H
#define EXPERIMENT_PULSE_H

#include "inside.h"

#include "threadrack/rank/rack.h"

struct pulse {
    struct rack *rack;
    struct progress_hook progress; /* without `tell`: nothing is told */
    int ranks;                     /* whose marks end a step */
    int done, total;               /* steps told of */
    double told_s;
};

/* Before the first op; `pulse` stays where it is until the clock has finished. `ranks`: 0: somebody else tells
 * of steps. */
void pulse_begin(struct pulse *pulse, struct rack *rack, int ranks, int steps, struct progress_hook progress);
/* The run was stopped in the midst of a step, when `steps` had ended: what is known of these. */
bool pulse_stopped(const struct pulse *pulse, struct result *result, const struct setup *setup, int steps,
                   struct errors *errors);

#endif
