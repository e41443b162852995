/* What ranks append, on its way from the thread that runs their programs to a second one, which
 * resolves it (clock_use_threads).
 *
 * What passes is the sequence of calls itself: this op of that rank, resolve, that op, ... The second
 * thread does with the clock exactly what the first would have done, in the same order, so that
 * nothing of a result, of a resolver's being lost, or of an observer's file can depend on how the
 * host runs the two. They meet in a ring of blocks: the first pauses when it is full. A thread that
 * pauses is woken when half of the ring is there for it, since waking costs tens of microseconds.
 */
#ifndef CLOCK_FEED_H
#define CLOCK_FEED_H

#include "threadrack/clock/clock.h"

struct feed;

struct feed *feed_create(struct clock *clock);
void feed_append(struct feed *feed, int rank, const struct op *op);
void feed_resolve(struct feed *feed);
/* What the second thread has come to know so far; it takes no more then but the ranks' ends. */
bool feed_is_stuck(const struct feed *feed);
/* Waits until all has been done, ends the second thread and frees the feed: the clock is the
 * caller's again. */
void feed_end(struct feed *feed);

/* clock.c: what the second thread calls. True: the op has been resolved at once. */
void clock_take(struct clock *clock, int rank, const struct op *op);
void clock_resolve_now(struct clock *clock);

#endif
