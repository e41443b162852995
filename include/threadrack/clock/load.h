/* The bytes under way on each link: a message is on all links of its route from the instant in which its
 * sender begins to send it until its last byte has arrived, whatever the netmodel. What holds at the
 * end of an instant counts, so that the order within it does not matter; a message that takes no time
 * (netmodel ideal) is never under way. */
#ifndef THREADRACK_CLOCK_LOAD_H
#define THREADRACK_CLOCK_LOAD_H

#include "threadrack/cluster/cluster.h"
#include "threadrack/clock/netmodel.h"

struct link_load;

/* `tell` is called, in the order of links, for each that is shown and whose load was changed by the
 * instant `now_ps`. */
struct link_load *link_load_create(const struct cluster *cluster,
                                   void (*tell)(void *context, int link, uint64_t now_ps,
                                                uint64_t bytes),
                                   void *context);
void link_load_free(struct link_load *load);
/* A message begins or has been delivered at the present instant; the links of one that is `shown` are
 * shown from then on. */
void link_load_change(struct link_load *load, const struct transfer *message, bool begins,
                      bool shown);
/* Time has come to now_ps: tells what changed before. */
void link_load_flush(struct link_load *load, uint64_t now_ps);

#endif
