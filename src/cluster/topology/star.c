/* One switch, a cable from each node to it: the switch itself is never the bottleneck.
 *
 *     node0   node1   node2
 *         \     |     /
 *          \    |    /
 *            switch0
 *
 * Node i's cable is links 2i (to the switch) and 2i + 1 (from it). */
#include "../parts.h"

#include "threadrack/base/memory.h"

extern const struct topology_ops topology_star;

bool star_shape(struct fabric *fabric, struct path cable, int places)
{
    struct path *own = memory_zeroed(1, sizeof *own);
    *own = cable;
    *fabric = (struct fabric){.topology = &topology_star,
                              .state = own,
                              .places = places,
                              .switches = 1,
                              .links = 2 * places,
                              .route_room = 2};
    return true;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    (void)errors;
    return star_shape(fabric, cluster_link_setting(config), nodes);
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct path *cable = fabric->state;
    for (int i = 0; i < fabric->places; i++)
        wiring_cable(wiring, i, fabric->places, *cable);
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)fabric, (void)hash;
    links[0] = 2 * src;
    links[1] = 2 * dst + 1;
    return 2;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)src, (void)dst, (void)hash;
    const struct path *cable = fabric->state;
    return path_repeat(*cable, 2);
}

static int climb(const struct fabric *fabric, int place, int *links)
{
    (void)fabric;
    links[0] = 2 * place;
    return 1;
}

static struct path climb_path(const struct fabric *fabric)
{
    const struct path *cable = fabric->state;
    return *cable;
}

/* The smaller half's cables. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct path *cable = fabric->state;
    return (uint64_t)(fabric->places / 2) * cable->bandwidth_Bps;
}

const struct topology_ops topology_star = {
    .name = "star",
    .summary = "every node on one switch",
    .options = "",
    .equal_routes = true,
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .climb = climb,
    .climb_path = climb_path,
    .bisection = bisection,
};
