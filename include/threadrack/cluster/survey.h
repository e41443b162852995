/* What a cluster's wiring amounts to, for `threadrack topology`. */
#ifndef THREADRACK_CLUSTER_SURVEY_H
#define THREADRACK_CLUSTER_SURVEY_H

#include "threadrack/cluster/topology.h"

struct link_kind {
    int cables;
    uint64_t bandwidth_Bps, latency_ps;
};

enum bisection_how {
    BISECTION_UNKNOWN, /* no formula holds, and the graph is too large for a cut */
    BISECTION_FORMULA, /* the family's */
    BISECTION_CUT      /* the least cut between the nodes of lower and of higher number: of these
                        * two halves, which need not be the worst two */
};

struct survey {
    struct link_kind *kinds;
    int kind_count, kind_room;
    int sources;          /* nodes from which routes to all others were followed; evenly spread */
    int diameter;         /* links of the longest of these routes */
    uint64_t diameter_ps; /* latency of the slowest of them */
    double mean_hops;     /* over pairs of different nodes */
    double mean_paths, most_paths; /* paths of least latency of a pair, from a few nodes */
    double detours;       /* share of those pairs whose route has more than the least latency */
    uint64_t bisection_Bps; /* one way */
    enum bisection_how bisection;
};

void survey_take(const struct cluster *cluster, struct survey *survey);
void survey_release(struct survey *survey);

/* How many paths of least latency join two nodes; a double, since it can be huge. */
double cluster_equal_paths(const struct cluster *cluster, int src, int dst);
/* The least cut between nodes 0 to n/2 - 1 and the others, in B/s one way (Dinic 1970). */
uint64_t cluster_cut(const struct cluster *cluster);

#endif
