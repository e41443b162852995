/* Max-min fair sharing of links by flows (Bertsekas, Gallager: Data networks, 1992, section 6.5.2).
 *
 * Worked example. Links A (capacity 10) and B (capacity 4); flow 1 over A, flow 2 over A and B, flow
 * 3 over B. The fair share is 10/2 = 5 at A and 4/2 = 2 at B; B is the least, so flows 2 and 3 are
 * fixed at 2. A has 8 left for one flow: flow 1 gets 8. No flow can gain without a slower one losing.
 *
 * All links tied at the least share are fixed in one round, so that symmetric flows get exactly
 * equal rates and end in one instant.
 */
#ifndef CLOCK_NETMODEL_MAXMIN_H
#define CLOCK_NETMODEL_MAXMIN_H

#include "threadrack/clock/netmodel.h"

struct maxmin {
    const struct cluster *cluster;
    double *left_Bps;  /* by link: capacity not yet given away */
    int *unfixed;      /* by link: flows on it without a rate */
    bool *tied;        /* by link: at the least share in this round */
    int *touched, touched_count; /* the links that have flows */
    bool *fixed;       /* by flow */
    double *rates_Bps; /* by flow: the result */
    int room;
};

void maxmin_init(struct maxmin *maxmin, const struct cluster *cluster);
void maxmin_release(struct maxmin *maxmin);
/* Fills rates_Bps[0..count) for the flows, whose routes are set. A flow with an empty route (to its
 * own node) is a BUG. */
void maxmin_solve(struct maxmin *maxmin, struct transfer *const *flows, int count);

#endif
