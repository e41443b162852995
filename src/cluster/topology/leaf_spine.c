/* Two levels of switches: nodes on leaves, and every leaf on every spine.
 *
 *     switch4   switch5       spines, after the leaves
 *      / |  \ /  |  \
 *     switch0 ... switch3     leaves
 *      / \         / \
 *     0   1  ...  6   7       nodes, leaf_size a leaf
 *
 * A leaf's uplinks together have the bandwidth of its nodes' cables over `oversubscription`, shared
 * evenly by the spines: such a cable stands for all real ones between the two switches. A message
 * between leaves takes the spine that the route's hash draws.
 *
 * Node i's cable is cable i; leaf l's to spine s is places + l * spines + s. The first link goes up. */
#include "../parts.h"

#include "threadrack/base/memory.h"

#include <math.h>

extern const struct topology_ops topology_leaf_spine;

enum { MOST_PLACES = 1000000 };

struct leaf_spine {
    struct path cable, uplink;
    int leaves, leaf_size, spines;
};

static struct path uplink_of(const struct leaf_spine_numbers *numbers)
{
    double share = (double)numbers->cable.bandwidth_Bps * numbers->leaf_size / numbers->spines;
    double bandwidth = round(share / numbers->oversubscription);
    return (struct path){numbers->cable.latency_ps, bandwidth < 1 ? 1 : (uint64_t)bandwidth};
}

bool leaf_spine_shape(struct fabric *fabric, const struct leaf_spine_numbers *numbers,
                      const char *where, struct errors *errors)
{
    if ((int64_t)numbers->leaves * numbers->leaf_size > MOST_PLACES ||
        (int64_t)numbers->leaves * numbers->spines > MOST_PLACES)
        return errors_add(errors,
                          "%s: topology leaf_spine: %d leaves x %d nodes, or x %d spines, are more "
                          "than %d",
                          where, numbers->leaves, numbers->leaf_size, numbers->spines, MOST_PLACES);
    struct leaf_spine *net = memory_zeroed(1, sizeof *net);
    *net = (struct leaf_spine){.cable = numbers->cable,
                               .uplink = uplink_of(numbers),
                               .leaves = numbers->leaves,
                               .leaf_size = numbers->leaf_size,
                               .spines = numbers->spines};
    int places = net->leaves * net->leaf_size;
    *fabric = (struct fabric){.topology = &topology_leaf_spine,
                              .state = net,
                              .places = places,
                              .switches = net->leaves + net->spines,
                              .links = 2 * (places + net->leaves * net->spines),
                              .route_room = 4};
    return true;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    int size = (int)config_whole(config, "cluster.leaf_spine.leaf_size");
    struct leaf_spine_numbers numbers = {
        .cable = cluster_link_setting(config),
        .leaves = nodes ? (nodes - 1) / size + 1 : 0,
        .leaf_size = size,
        .spines = (int)config_whole(config, "cluster.leaf_spine.spines"),
        .oversubscription = config_real(config, "cluster.leaf_spine.oversubscription")};
    if (config_is_set(config, "cluster.leaf_spine.leaves"))
        numbers.leaves = (int)config_whole(config, "cluster.leaf_spine.leaves");
    return leaf_spine_shape(fabric, &numbers, config_where(config, "cluster.topology"), errors);
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct leaf_spine *net = fabric->state;
    int first = fabric->places;
    for (int i = 0; i < fabric->places; i++)
        wiring_cable(wiring, i, first + i / net->leaf_size, net->cable);
    for (int leaf = 0; leaf < net->leaves; leaf++)
        for (int spine = 0; spine < net->spines; spine++)
            wiring_cable(wiring, first + leaf, first + net->leaves + spine, net->uplink);
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    const struct leaf_spine *net = fabric->state;
    int from = src / net->leaf_size, to = dst / net->leaf_size, count = 0;
    links[count++] = 2 * src;
    if (from != to) {
        int spine = route_pick(&hash, net->spines);
        links[count++] = 2 * (fabric->places + from * net->spines + spine);
        links[count++] = 2 * (fabric->places + to * net->spines + spine) + 1;
    }
    links[count++] = 2 * dst + 1;
    return count;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct leaf_spine *net = fabric->state;
    struct path ends = path_repeat(net->cable, 2);
    return src / net->leaf_size == dst / net->leaf_size
               ? ends
               : path_join(ends, path_repeat(net->uplink, 2));
}

/* Of an even number of leaves: the uplinks of half of them, or their nodes' cables. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct leaf_spine *net = fabric->state;
    if (net->leaves % 2)
        return 0;
    uint64_t leaves = (uint64_t)net->leaves / 2;
    uint64_t up = leaves * (uint64_t)net->spines * net->uplink.bandwidth_Bps;
    uint64_t nodes = leaves * (uint64_t)net->leaf_size * net->cable.bandwidth_Bps;
    return up < nodes ? up : nodes;
}

const struct topology_ops topology_leaf_spine = {
    .name = "leaf_spine",
    .summary = "nodes on leaf switches, every leaf on every spine; spines are drawn by hash",
    .options = "cluster.leaf_spine.leaves cluster.leaf_spine.spines cluster.leaf_spine.leaf_size "
               "cluster.leaf_spine.oversubscription",
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .bisection = bisection,
};
