/* The cases on which netmodel=flow is held against SimGrid: clusters, settings, and sets of flows.
 */
#ifndef TESTS_SIMGRID_CASES_H
#define TESTS_SIMGRID_CASES_H

#include "threadrack/cluster/cluster.h"

#include <stdio.h>

struct case_flow {
    int set; /* each has the network for itself */
    int src, dst;
    uint64_t bytes, start_ps; /* from the start of its set */
};

struct case_sets {
    struct case_flow *flows;
    int count, room, sets;
};

/* A cluster under a setting. `simgrid` is the oracle's arguments. */
struct simgrid_case {
    const char *topology, *setting, *simgrid;
    const char *words[24]; /* as on a command line; NULL at the end */
    int random_sets;
};

extern const struct simgrid_case simgrid_cases[]; /* topology NULL at the end */

struct cluster *case_cluster(const struct simgrid_case *one);
/* First rounds of all-reduce (ring, recursive doubling, halving-doubling), all-to-all, many to one,
 * random pairs, nearest neighbours, then the random sets; deterministic. Free `flows`. */
struct case_sets case_sets_of(const struct simgrid_case *one, const struct cluster *cluster);
/* Runs flows of one set on an idle network; when each has ended, from the start of the set. */
void case_run_set(const struct cluster *cluster, const struct case_flow *flows, int count,
                  uint64_t *ends_ps);
/* What oracle.cpp reads; routes of the pairs that have a flow, there and back. */
void case_write(const struct cluster *cluster, const struct case_sets *sets, FILE *out);

#endif
