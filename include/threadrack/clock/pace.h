/* How long work takes once it begins: its cost, stretched by noise, at a speed that may change. */
#ifndef THREADRACK_CLOCK_PACE_H
#define THREADRACK_CLOCK_PACE_H

#include "threadrack/cluster/cluster.h"
#include "threadrack/clock/noise.h"

/* What `duration_ps` of work takes when it begins at begin_ps and goes at the trace's speeds: the least
 * y with the integral of the speed over [begin, begin + y) = duration, rounded half up a segment. */
uint64_t pace_along(const struct trace *trace, uint64_t begin_ps, uint64_t duration_ps);

struct pace;

struct pace *pace_create(const struct cluster *cluster, int ranks);
void pace_free(struct pace *pace);
/* Before the run. */
void pace_set_noise(struct pace *pace, const struct noise *noise);
/* Whether nothing ever changes a duration: then it is not worth asking. */
bool pace_is_steady(const struct pace *pace);
/* Whether a rank's speed may change in time. */
bool pace_has_traces(const struct pace *pace);
/* The rank's next compute op: call once for each, in program order. */
uint64_t pace_compute_ps(struct pace *pace, int rank, uint64_t begin_ps, uint64_t duration_ps);
/* What is not noisy: additions of collectives. */
uint64_t pace_add_ps(const struct pace *pace, int rank, uint64_t begin_ps, uint64_t duration_ps);

#endif
