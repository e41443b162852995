/* What every target that ends in a cluster does with it: all routes between its first nodes. */
#ifndef THREADRACK_TESTS_FUZZ_ROUTES_H
#define THREADRACK_TESTS_FUZZ_ROUTES_H

#include "threadrack/cluster/cluster.h"

#include <stdlib.h>

static inline void fuzz_routes(const struct cluster *cluster, int most_nodes)
{
    int nodes = cluster->nodes < most_nodes ? cluster->nodes : most_nodes;
    int *links = malloc((size_t)cluster_route_room(cluster) * sizeof *links);
    for (int src = 0; src < nodes; src++)
        for (int dst = 0; dst < nodes; dst++) {
            int count = cluster_route(cluster, src, dst, links);
            if (count > cluster_route_room(cluster) || (src != dst && count < 1))
                abort();
        }
    free(links);
}

#endif
