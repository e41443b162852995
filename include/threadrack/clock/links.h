/* What each link carried in a run: an observer of the clock. For the backlog see clock/load.h. */
#ifndef THREADRACK_CLOCK_LINKS_H
#define THREADRACK_CLOCK_LINKS_H

#include "threadrack/clock/observer.h"

struct link_meter;

/* The cluster outlives it. Attach its observer (clock_observe) to count. */
struct link_meter *link_meter_create(const struct cluster *cluster);
struct clock_observer *link_meter_observer(struct link_meter *meter);
void link_meter_free(struct link_meter *meter);
const struct link_record *link_meter_record(const struct link_meter *meter, int link);

/* The share of `length_ps` that the bytes of the link take at its bandwidth (those of its cable's
 * other direction too, where it is half duplex). Above 1 where a netmodel that does not share links
 * put more on it than it can carry. NaN for a link that is not shared by its nature (fatpipe), for a
 * netmodel whose messages are free, and for a run of no length. */
double link_meter_busy(const struct link_meter *meter, int link,
                       const struct netmodel_ops *netmodel, uint64_t length_ps);

#endif
