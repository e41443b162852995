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
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

struct boxes {
    struct path cable, uplink;
    int size; /* nodes of a box */
};

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    (void)errors;
    struct boxes *boxes = fabric->state = memory_zeroed(1, sizeof *boxes);
    *boxes = (struct boxes){.cable = {config_whole(config, "cluster.box.link.latency"),
                                      config_whole(config, "cluster.box.link.bandwidth")},
                            .uplink = cluster_link_setting(config),
                            .size = (int)config_whole(config, "cluster.box.size")};
    int count = nodes ? (nodes - 1) / boxes->size + 1 : 0;
    fabric->places = nodes;
    fabric->switches = count + 1;
    fabric->links = 2 * (nodes + count);
    fabric->route_room = 4;
    return true;
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct boxes *boxes = fabric->state;
    int n = fabric->places, core = n + fabric->switches - 1;
    for (int i = 0; i < n; i++)
        wiring_cable(wiring, i, n + i / boxes->size, boxes->cable);
    for (int box = n; box < core; box++)
        wiring_cable(wiring, box, core, boxes->uplink);
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    const struct boxes *boxes = fabric->state;
    int from = src / boxes->size, to = dst / boxes->size, count = 0;
    links[count++] = 2 * src;
    if (from != to) {
        links[count++] = 2 * (fabric->places + from);
        links[count++] = 2 * (fabric->places + to) + 1;
    }
    links[count++] = 2 * dst + 1;
    return count;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct boxes *boxes = fabric->state;
    struct path inside = path_repeat(boxes->cable, 2);
    return src / boxes->size == dst / boxes->size
               ? inside
               : path_join(inside, path_repeat(boxes->uplink, 2));
}

/* Of an even number of full boxes: half of the uplinks, or of the nodes' cables. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct boxes *boxes = fabric->state;
    int count = fabric->switches - 1;
    if (count % 2 || fabric->places % boxes->size)
        return 0;
    uint64_t up = (uint64_t)count / 2 * boxes->uplink.bandwidth_Bps;
    uint64_t nodes = (uint64_t)fabric->places / 2 * boxes->cable.bandwidth_Bps;
    return up < nodes ? up : nodes;
}

static int nesting(const struct fabric *fabric, int *sizes)
{
    const struct boxes *boxes = fabric->state;
    sizes[0] = boxes->size;
    sizes[1] = fabric->switches - 1;
    return 2;
}

const struct topology_ops topology_two_level = {
    .name = "two_level",
    .summary = "boxes of nodes on a fast fabric, one shared uplink a box to a core switch",
    .options = "cluster.box.size cluster.box.link.bandwidth cluster.box.link.latency",
    .shape = shape,
    .wire = wire,
    .route = route,
    .nesting = nesting,
    .path = path,
    .bisection = bisection,
};
