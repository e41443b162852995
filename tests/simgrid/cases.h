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

/* What is under way after each event of closed loops: a set an event, without bytes and starts. */
struct case_events {
    struct case_sets sets;
    double *rates_Bps; /* ours, by flow */
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
/* Runs the same patterns as closed loops, in which a message sets out when those before it have
 * arrived, each for some rounds and with jitter. Free sets.flows and rates_Bps. */
struct case_events case_events_of(const struct simgrid_case *one, const struct cluster *cluster);
/* What oracle.cpp reads: each set whose number is a multiple of `every`; routes of the pairs that
 * have a flow, there and back. */
void case_write(const struct cluster *cluster, const struct case_sets *sets, int every, FILE *out);

#endif
