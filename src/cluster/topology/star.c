/* One switch, a cable from each node to it: the switch itself is never the bottleneck.
 *
 *     node0   node1   node2
 *         \     |     /
 *          \    |    /
 *            switch0
 *
 * Node i's cable is links 2i (to the switch) and 2i + 1 (from it). */
#include "threadrack/cluster/topology.h"

static bool build(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    (void)errors;
    struct path link = cluster_link_setting(config);
    cluster->vertices = cluster->nodes + 1;
    for (int i = 0; i < cluster->nodes; i++)
        cluster_add_cable(cluster, i, cluster->nodes, link.bandwidth_Bps, link.latency_ps);
    return true;
}

static int route(const struct cluster *cluster, int src, int dst, int *links)
{
    (void)cluster;
    links[0] = 2 * src;
    links[1] = 2 * dst + 1;
    return 2;
}

const struct topology_ops topology_star = {
    .name = "star",
    .summary = "every node on one switch",
    .options = "",
    .equal_routes = true,
    .build = build,
    .route = route,
};
