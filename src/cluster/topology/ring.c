/* Each node is wired to the next, the last to the first. A message goes the shorter way round; when
 * both are as short, clockwise (towards higher numbers).
 *
 * Cable i joins node i and node i + 1: link 2i goes clockwise, 2i + 1 back. */
#include "threadrack/cluster/topology.h"

static bool build(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    (void)errors;
    struct path link = cluster_link_setting(config);
    int n = cluster->nodes;
    for (int i = 0; i < n && n > 1; i++)
        cluster_add_cable(cluster, i, (i + 1) % n, link.bandwidth_Bps, link.latency_ps);
    if (cluster->route_room < n / 2)
        cluster->route_room = n / 2;
    return true;
}

static int clockwise(const struct cluster *cluster, int src, int dst)
{
    return dst > src ? dst - src : dst - src + cluster->nodes;
}

static int route(const struct cluster *cluster, int src, int dst, int *links)
{
    int n = cluster->nodes, forward = clockwise(cluster, src, dst), backward = n - forward;
    if (forward <= backward) {
        for (int i = 0; i < forward; i++)
            links[i] = 2 * ((src + i) % n);
        return forward;
    }
    for (int i = 0; i < backward; i++)
        links[i] = 2 * ((src + n - 1 - i) % n) + 1;
    return backward;
}

static struct path path(const struct cluster *cluster, int src, int dst)
{
    int forward = clockwise(cluster, src, dst), backward = cluster->nodes - forward;
    const struct link *link = &cluster->links[0];
    int hops = forward <= backward ? forward : backward;
    return (struct path){(uint64_t)hops * link->latency_ps, link->bandwidth_Bps};
}

const struct topology_ops topology_ring = {
    .name = "ring",
    .summary = "every node wired to the next; messages go the shorter way round",
    .options = "",
    .build = build,
    .route = route,
    .path = path,
};
