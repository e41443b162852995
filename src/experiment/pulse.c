#include "pulse.h"

#include <time.h>

_Atomic int experiment_hurried;

/* Between two that are told; a beat is a matter of milliseconds. */
static const double TOLD_EVERY_S = 1;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void tell_steps(struct pulse *pulse, int done)
{
    pulse->done = done;
    pulse->told_s = now_s();
    pulse->progress.tell(pulse->progress.context, done, pulse->total);
}

static void tell_messages(struct pulse *pulse, const struct clock *clock)
{
    double now = now_s();
    if (now - pulse->told_s < TOLD_EVERY_S)
        return;
    pulse->told_s = now;
    pulse->progress.resolving(pulse->progress.context, pulse->done, pulse->total, clock_messages_so_far(clock),
                              rack_posted_messages(pulse->rack));
}

static bool beat(void *context, struct clock *clock)
{
    struct pulse *pulse = context;
    int done = pulse->ranks ? clock_marks_by(clock, pulse->ranks) : 0;
    if (pulse->progress.tell && done > pulse->done)
        tell_steps(pulse, done);
    else if (pulse->progress.resolving && pulse->ranks)
        tell_messages(pulse, clock);
    return !experiment_hurried;
}

void pulse_begin(struct pulse *pulse, struct rack *rack, int ranks, int steps, struct progress_hook progress)
{
    *pulse = (struct pulse){.rack = rack, .progress = progress, .ranks = ranks, .total = steps, .told_s = now_s()};
    rack_pulse_with(rack, (struct clock_pulse){.beat = beat, .context = pulse});
}

bool pulse_stopped(const struct pulse *pulse, struct result *result, const struct setup *setup, int steps,
                   struct errors *errors)
{
    result_measure_steps(result, setup, rack_clock(pulse->rack), steps);
    return errors_add_status(errors, STATUS_FAILED,
                             "interrupted in the midst of step %d of %d%s", steps + 1, setup->steps,
                             steps ? ": the steps before it are kept, but not what each node and link did in them"
                                   : "");
}
