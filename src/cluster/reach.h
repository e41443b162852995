/* Least latencies from one vertex, and how many paths have them. */
#ifndef THREADRACK_SRC_CLUSTER_REACH_H
#define THREADRACK_SRC_CLUSTER_REACH_H

#include "threadrack/cluster/cluster.h"

/* The links that leave each vertex: out[first[v]] to out[first[v + 1] - 1]. */
struct leaving {
    int *first, *out;
};
struct leaving leaving_create(const struct cluster *cluster);
void leaving_release(struct leaving *leaving);

struct reach;
struct reach *reach_create(const struct cluster *cluster);
void reach_free(struct reach *reach);
void reach_from(struct reach *reach, int source);
uint64_t reach_ps(const struct reach *reach, int vertex);
/* Paths of least latency and, of those, of fewest links. */
double reach_paths(const struct reach *reach, int vertex);

#endif
