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
    const char *options; /* the keys that not all families read but this does, separated by spaces;
                          * "" for none. Giving one that has no effect is an error. */
    bool equal_routes; /* where all links are equal, so are the paths of all pairs of nodes */
    /* Adds links (cluster_add_cable) and sets vertices. Required. */
    bool (*build)(struct cluster *cluster, const struct config *config, struct errors *errors);
    /* See cluster_route. Called with src != dst. Required. */
    int (*route)(const struct cluster *cluster, int src, int dst, int *links);
    /* See cluster_path. Called with src != dst, for every message, so it must be cheap. NULL means:
     * summed along the route, of at most ROUTE_LONGEST links. */
    struct path (*path)(const struct cluster *cluster, int src, int dst);
};

extern const struct topology_ops *const topologies[]; /* NULL at the end */

/* cluster.link.bandwidth and cluster.link.latency. */
struct path cluster_link_setting(const struct config *config);

/* Adds a cable, two links one each way, and returns the index of the first (from -> to); the other
 * is the next index. */
int cluster_add_cable(struct cluster *cluster, int from, int to, uint64_t bandwidth_Bps,
                      uint64_t latency_ps);

#endif
