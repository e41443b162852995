/* Each node is wired to the next, the last to the first. A message goes the shorter way round; when
 * both are as short, clockwise (towards higher numbers).
 *
 * Cable i joins node i and node i + 1: link 2i goes clockwise, 2i + 1 back. Two nodes have two
 * cables, of which one carries each direction's messages. */
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    (void)errors;
    struct path *cable = fabric->state = memory_zeroed(1, sizeof *cable);
    *cable = cluster_link_setting(config);
    fabric->places = nodes;
    fabric->links = nodes > 1 ? 2 * nodes : 0;
    fabric->route_room = nodes / 2;
    return true;
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct path *cable = fabric->state;
    int n = fabric->places;
    for (int i = 0; i < n && n > 1; i++)
        wiring_cable(wiring, i, (i + 1) % n, *cable);
}

static int clockwise(const struct fabric *fabric, int src, int dst)
{
    return dst > src ? dst - src : dst - src + fabric->places;
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    int n = fabric->places, forward = clockwise(fabric, src, dst), backward = n - forward;
    if (forward <= backward) {
        for (int i = 0; i < forward; i++)
            links[i] = 2 * ((src + i) % n);
        return forward;
    }
    for (int i = 0; i < backward; i++)
        links[i] = 2 * ((src + n - 1 - i) % n) + 1;
    return backward;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct path *cable = fabric->state;
    int forward = clockwise(fabric, src, dst), backward = fabric->places - forward;
    return path_repeat(*cable, forward <= backward ? forward : backward);
}

/* Two cuts. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct path *cable = fabric->state;
    return fabric->places > 1 ? 2 * cable->bandwidth_Bps : 0;
}

const struct topology_ops topology_ring = {
    .name = "ring",
    .summary = "every node wired to the next; messages go the shorter way round",
    .options = "",
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .bisection = bisection,
};
