/* The family of topologies.
 *
 * To add one: write src/cluster/topology/<name>.c with a `const struct topology_ops topology_<name>`
 * and add a row to src/cluster/topology.def. The contract test picks it up.
 */
#ifndef THREADRACK_CLUSTER_TOPOLOGY_H
#define THREADRACK_CLUSTER_TOPOLOGY_H

#include "threadrack/cluster/cluster.h"

struct topology_ops {
    const char *name;
    const char *summary; /* one line, for `threadrack list topologies` */
    const char *options; /* the keys that it reads, for the same */
    /* Adds links (cluster_add_cable) and sets vertices. Required. */
    bool (*build)(struct cluster *cluster, const struct config *config, struct errors *errors);
    /* See cluster_route. Called with src != dst. Required. */
    int (*route)(const struct cluster *cluster, int src, int dst, int *links);
};

extern const struct topology_ops *const topologies[]; /* NULL at the end */

/* Adds a cable, two links one each way, and returns the index of the first (from -> to); the other
 * is the next index. */
int cluster_add_cable(struct cluster *cluster, int from, int to, uint64_t bandwidth_Bps,
                      uint64_t latency_ps);

#endif
