/* Boxes of box.size nodes, each box a star of fast links (cluster.box.link); the boxes hang on a
 * core switch by one cable each (cluster.link), which all nodes of the box share. The last box may
 * be smaller.
 *
 *     node0 ... node7     node8 ... node15
 *         \  |  /             \  |  /
 *         switch0             switch1
 *               \             /
 *                \           /
 *                   switch2             the core, after the boxes' own
 *
 * Node i's cable is links 2i, 2i + 1; box b's uplink is 2(n + b), 2(n + b) + 1: up, then down. */
#include "threadrack/cluster/topology.h"

static bool build(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    (void)errors;
    struct path uplink = cluster_link_setting(config);
    int n = cluster->nodes, size = (int)config_whole(config, "cluster.box.size");
    int boxes = (n - 1) / size + 1, core = n + boxes;
    cluster->box_size = size;
    cluster->vertices = core + 1;
    for (int i = 0; i < n; i++)
        cluster_add_cable(cluster, i, n + i / size,
                          config_whole(config, "cluster.box.link.bandwidth"),
                          config_whole(config, "cluster.box.link.latency"));
    for (int b = 0; b < boxes; b++)
        cluster_add_cable(cluster, n + b, core, uplink.bandwidth_Bps, uplink.latency_ps);
    return true;
}

static int route(const struct cluster *cluster, int src, int dst, int *links)
{
    int from = src / cluster->box_size, to = dst / cluster->box_size, count = 0;
    links[count++] = 2 * src;
    if (from != to) {
        links[count++] = 2 * (cluster->nodes + from);
        links[count++] = 2 * (cluster->nodes + to) + 1;
    }
    links[count++] = 2 * dst + 1;
    return count;
}

const struct topology_ops topology_two_level = {
    .name = "two_level",
    .summary = "boxes of nodes on a fast fabric, one shared uplink a box to a core switch",
    .options = "cluster.box.size cluster.box.link.bandwidth cluster.box.link.latency",
    .build = build,
    .route = route,
};
