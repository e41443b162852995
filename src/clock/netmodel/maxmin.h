/* Max-min fair sharing of links by flows (Bertsekas, Gallager: Data networks, 1992, section 6.5.2),
 * kept up to date as flows come and go.
 *
 * Worked example. Links A (capacity 10) and B (capacity 4); flow 1 over A, flow 2 over A and B,
 * flow 3 over B. The fair level is 10/2 = 5 at A and 4/2 = 2 at B; B is the least, so flows 2 and 3
 * are fixed at 2. A has 8 left for one flow: flow 1 gets 8. No flow can gain without a slower one
 * losing.
 *
 * A flow of weight w at level x has the rate w x, and takes `share` times that of each link on its
 * way; a flow may have a bound of its own. All links tied at the least level are fixed in one
 * round.
 *
 * Only what an event changes is filled again: the new flows; those that share the bottleneck link
 * of a flow that came or went; then, found by looking at each link so touched, those that have more
 * than such a link now gives and those whose own bottleneck has another level now. They are pulled
 * in and the set is filled again, with all other flows held, until no link objects.
 *
 * Everything is counted in whole units of 2^-k bytes/s, in doubles far below 2^53: sums are exact
 * and levels are rounded down to whole units. So the result is a property of the set of flows. It
 * is the same, bit for bit, whatever order they came in and whether it was found anew or kept up to
 * date (tests/clock/test_maxmin.c), and symmetric flows have exactly equal rates. Why a level
 * rounded down cannot mislead: where link B's level is at least one unit above the least, x, giving
 * flows of B the rate x leaves the others of B a level still at least one unit above x.
 */
#ifndef CLOCK_NETMODEL_MAXMIN_H
#define CLOCK_NETMODEL_MAXMIN_H

#include <stdbool.h>
#include <stdint.h>

/* Where thousands of flows are under way, an event finds little of what it needs in the cache. So a
 * flow is one line of it and a link is one, short routes and short lists being inside; what is only
 * needed while filling is elsewhere, close together. */
enum { NEAR_CROSSINGS = 2, NEAR_VISITS = 1, SHARE_BITS = 6, COUNT_BITS = 32 - SHARE_BITS, LINE = 64 };

/* A flow on a link: which crossing of which flow. */
struct visit {
    int flow, crossing;
};

struct crossing {
    int link;
    unsigned slot : COUNT_BITS;  /* where the link's list has it */
    unsigned share : SHARE_BITS; /* of the flow's rate that the link carries */
};

struct flow {
    double weight, bound; /* bound in units/s; INFINITY: none */
    double rate;          /* the result, in units/s: a whole number, at least 1 */
    double level;
    union {
        struct crossing near[NEAR_CROSSINGS], *far;
    };
    int count;
    int filling;         /* its place in the list of those, from 1; 0: it is not filled */
    unsigned char doublings; /* there is room for NEAR_CROSSINGS x 2^that; 0: they are near */
    bool fixed, alive;
    bool listed; /* among the fresh */
};

struct maxmin_link {
    double capacity;             /* units/s */
    double weight;               /* sum of share x weight over all its flows */
    double used;                 /* by flows that are not being filled */
    double level;                /* of the flows whose bottleneck it is; INFINITY: of none */
    double top_weight, top_rate; /* sums over those flows of share x weight and share x rate */
    union {
        struct visit near[NEAR_VISITS], *far;
    };
    unsigned count : COUNT_BITS;
    unsigned doublings : 5; /* as a flow's */
    unsigned dirty : 1;     /* a flow has left it */
    int touched;            /* its place in the list of those, from 1; 0: it is not */
};
_Static_assert(sizeof(struct flow) == LINE && sizeof(struct maxmin_link) == LINE, "one line each");

/* ---- While filling ---- */

struct filling_flow {
    int flow, crossings; /* where its own begin */
    double rate_before;
};

/* A crossing of a flow that is being filled. */
struct filling_crossing {
    int flow, touched; /* touched: place of the link, from 0 */
    int next;          /* the next one of its link; -1: none */
    int share;
};

/* A link that flows which are being filled have to do with. */
struct touched_link {
    int link, first;    /* first: of the crossings; -1: none */
    int filling, open;  /* how many flows are being filled, and are not yet fixed */
    double filling_weight, open_weight; /* sums of share x weight over those */
    double left;                        /* capacity not yet given away */
    double peak;        /* the highest level among those fixed; -1: there are none */
    double tied_weight; /* of the flows that were fixed when it was tied */
    bool tied;          /* it was full in some round, the last of all its flows */
};

struct candidate {
    double level;
    int what; /* the place of a touched link, or ~flow: its own bound */
};

/* A flow with another rate than before. */
struct change {
    int flow;
    double rate_before;
};

struct ints {
    int *items, count, room;
};
void ints_grow(struct ints *ints);

struct maxmin {
    struct maxmin_link *links;
    struct flow *flows;
    int link_count, flow_count;
    struct ints fresh, dirty; /* flows that came, links of flows that left, since the last update */
    struct ints tied;         /* in a round: candidates' `what` */
    int closed;               /* flows of `filling` whose bottlenecks have been pulled in */
    struct filling_flow *filling;
    struct filling_crossing *crossings;
    struct touched_link *touched;
    struct candidate *heap;
    struct change *changes; /* the result of an update */
    int filling_count, crossing_count, touched_count, heap_count, change_count;
    int filling_room, crossing_room, touched_room, heap_room, change_room;
};

static inline void ints_add(struct ints *ints, int item)
{
    if (ints->count == ints->room)
        ints_grow(ints);
    ints->items[ints->count++] = item;
}

static inline struct crossing *flow_crossings(const struct flow *flow)
{
    return flow->doublings ? flow->far : (struct crossing *)flow->near;
}

static inline struct visit *link_visits(const struct maxmin_link *link)
{
    return link->doublings ? link->far : (struct visit *)link->near;
}

void maxmin_init(struct maxmin *maxmin, int links);
void maxmin_release(struct maxmin *maxmin);
void maxmin_set_capacity(struct maxmin *maxmin, int link, double units);

/* A new flow, under a number of the caller's that no other flow has now; small numbers take little
 * memory. It crosses nothing yet. A bound is needed where it will cross no link. */
void maxmin_add(struct maxmin *maxmin, int flow, double weight, double bound);
static inline bool maxmin_has(const struct maxmin *maxmin, int flow)
{
    return flow < maxmin->flow_count && maxmin->flows[flow].alive;
}
/* The flow takes so much more of the link. Before the next update only. */
void maxmin_cross(struct maxmin *maxmin, int flow, int link, int share);
void maxmin_remove(struct maxmin *maxmin, int flow);
/* Finds the rates, and lists in `changes` the flows whose rate is not what it was. */
void maxmin_update(struct maxmin *maxmin);
/* Forgets all that is known, so that the next update fills everything. The result is the same. */
void maxmin_forget(struct maxmin *maxmin);

/* ---- Between maxmin.c and maxmin_fill.c ---- */

/* Gives rates to the flows of `filling`, all other flows being held. */
void maxmin_fill(struct maxmin *maxmin);
double maxmin_level(double left, double weight);

#endif
