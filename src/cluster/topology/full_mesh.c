/* A cable between every two nodes, so that no two pairs share one. The cables of node 0 come first,
 * to nodes 1, 2, ...; then those of node 1 to nodes 2, 3, ... */
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

enum { MOST_NODES = 1024 };

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    if (nodes > MOST_NODES)
        return errors_add(errors,
                          "%s: topology full_mesh has a cable for every pair of nodes: at most %d "
                          "nodes, not %d",
                          config_where(config, "nodes"), MOST_NODES, nodes);
    struct path *cable = fabric->state = memory_zeroed(1, sizeof *cable);
    *cable = cluster_link_setting(config);
    fabric->places = nodes;
    fabric->links = nodes * (nodes - 1);
    fabric->route_room = 1;
    return true;
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct path *cable = fabric->state;
    for (int i = 0; i < fabric->places; i++)
        for (int j = i + 1; j < fabric->places; j++)
            wiring_cable(wiring, i, j, *cable);
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    int low = src < dst ? src : dst, high = src < dst ? dst : src;
    int cable = low * (2 * fabric->places - low - 1) / 2 + (high - low - 1);
    links[0] = 2 * cable + (src > dst);
    return 1;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)src, (void)dst, (void)hash;
    const struct path *cable = fabric->state;
    return *cable;
}

/* A cable for each of the one half to each of the other. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct path *cable = fabric->state;
    uint64_t half = (uint64_t)fabric->places / 2;
    return half * ((uint64_t)fabric->places - half) * cable->bandwidth_Bps;
}

const struct topology_ops topology_full_mesh = {
    .name = "full_mesh",
    .summary = "a cable between every two nodes",
    .options = "",
    .equal_routes = true,
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .bisection = bisection,
};
