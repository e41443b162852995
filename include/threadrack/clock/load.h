/* The bytes under way on each link, and the rate at which they flow: a message is on all links of its route from the instant in which its
 * sender begins to send it until its last byte has arrived, whatever the netmodel. What holds at the
 * end of an instant counts, so that the order within it does not matter; a message that takes no time
 * (netmodel ideal) is never under way. Rates are those of a netmodel that shares links (netmodel_watch);
 * what crosses a link on the way back (acknowledgements, cluster.flow.crosstraffic) is not in them. */
#ifndef THREADRACK_CLOCK_LOAD_H
#define THREADRACK_CLOCK_LOAD_H

#include "threadrack/cluster/cluster.h"
#include "threadrack/clock/netmodel.h"

struct link_load;

/* Called in the order of links for each that is shown and whose load was changed by the instant
 * `now_ps`. */
struct link_load_sink {
    void *context;
    void (*bytes)(void *context, int link, uint64_t now_ps, uint64_t bytes);
    void (*rate)(void *context, int link, uint64_t now_ps, double rate_Bps); /* NULL: not wanted */
};
struct link_load *link_load_create(const struct cluster *cluster, struct link_load_sink sink);
void link_load_free(struct link_load *load);
/* A message begins or has been delivered at the present instant; the links of one that is `shown` are
 * shown from then on. */
void link_load_change(struct link_load *load, const struct transfer *message, bool begins,
                      bool shown);
/* The message's bytes flow at another rate. */
void link_load_rate(struct link_load *load, const struct transfer *message, double before_Bps,
                    double rate_Bps);
/* Time has come to now_ps: tells what changed before. */
void link_load_flush(struct link_load *load, uint64_t now_ps);

#endif
