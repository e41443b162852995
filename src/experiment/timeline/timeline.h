/* A run's timeline in the Trace Event Format that Perfetto and chrome://tracing read (Google: Trace
 * Event Format, 2016). Private to the experiment.
 *
 * A node is a process, `pid` its number, and its tracks are threads: `tid` 0 the compute lane (of a
 * replay one for each cpu), the others its communication lanes, numbered as the clock numbers them. Slices are B and E events in the
 * order of virtual time, node and track: on the compute lane what it computes and waits for; on the others each
 * operation, and within a collective each step of its algorithm, which is called a round here (a step
 * is one of training). A message is an arrow (s, f) from the
 * step that sends it to the step that takes it in; both ends are written when it is taken in, so the
 * first is the only event that is not in order. The links are counters (C) of one more process: the
 * bytes under way on each link that a message of a shown node took, and where the netmodel shares links
 * the rate at which they flow, all nodes' messages of the shown steps counted. Times are microseconds with six decimals: picoseconds.
 */
#ifndef EXPERIMENT_TIMELINE_H
#define EXPERIMENT_TIMELINE_H

#include "threadrack/cluster/cluster.h"
#include "threadrack/clock/observer.h"

#include "window.h"

struct timeline;

/* Begins the file. The cluster and the clock outlive it; attach its observer to the clock. */
struct timeline *timeline_create(const char *name, const struct clock *clock,
                                 const struct cluster *cluster, int ranks,
                                 const struct window *steps, const struct window *nodes,
                                 struct errors *errors);
struct clock_observer *timeline_observer(struct timeline *timeline);
/* Ends the file, with what it leaves out as a sentence (or NULL), and frees the timeline. */
bool timeline_finish(struct timeline *timeline, const char *left_out, struct errors *errors);
/* Frees it and leaves no file; NULL is allowed. */
void timeline_drop(struct timeline *timeline);

#endif
