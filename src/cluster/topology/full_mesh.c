/* A cable between every two nodes, so that no two pairs share one. The cables of node 0 come first,
 * to nodes 1, 2, ...; then those of node 1 to nodes 2, 3, ... */
#include "threadrack/cluster/topology.h"

enum { MOST_NODES = 1024 };

static bool build(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    struct path link = cluster_link_setting(config);
    int n = cluster->nodes;
    if (n > MOST_NODES)
        return errors_add(errors,
                          "%s: topology full_mesh has a cable for every pair of nodes: at most %d "
                          "nodes, not %d",
                          config_where(config, "nodes"), MOST_NODES, n);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            cluster_add_cable(cluster, i, j, link.bandwidth_Bps, link.latency_ps);
    return true;
}

static int route(const struct cluster *cluster, int src, int dst, int *links)
{
    int low = src < dst ? src : dst, high = src < dst ? dst : src;
    int cable = low * (2 * cluster->nodes - low - 1) / 2 + (high - low - 1);
    links[0] = 2 * cable + (src > dst);
    return 1;
}

const struct topology_ops topology_full_mesh = {
    .name = "full_mesh",
    .summary = "a cable between every two nodes",
    .options = "",
    .equal_routes = true,
    .build = build,
    .route = route,
};
