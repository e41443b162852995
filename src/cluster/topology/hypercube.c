/* 2^d places, wired where their numbers differ in one bit. A message corrects the bits from the
 * lowest to the highest (e-cube routing: Sullivan and Bashkow 1977), which is free of deadlock.
 *
 * The cables of bit b come after those of lower bits; within a bit they are numbered by the place
 * without that bit. Their first link goes from bit 0 to bit 1. */
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

enum { MOST_DIMENSION = 20 };

struct cube {
    struct path cable;
    int dimension;
};

/* The fewest dimensions with room for so many nodes. */
static int dimension_for(int nodes)
{
    int dimension = 0;
    while (1 << dimension < nodes && dimension < MOST_DIMENSION)
        dimension++;
    return dimension;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    (void)errors;
    bool given = config_is_set(config, "cluster.hypercube.dimension");
    struct cube *cube = fabric->state = memory_zeroed(1, sizeof *cube);
    cube->cable = cluster_link_setting(config);
    cube->dimension =
        given ? (int)config_whole(config, "cluster.hypercube.dimension") : dimension_for(nodes);
    fabric->places = given || nodes ? 1 << cube->dimension : 0;
    fabric->links = fabric->places * cube->dimension;
    fabric->route_room = cube->dimension;
    return true;
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct cube *cube = fabric->state;
    for (int bit = 0; bit < cube->dimension; bit++)
        for (int place = 0; place < fabric->places; place++)
            if (!(place >> bit & 1))
                wiring_cable(wiring, place, place | 1 << bit, cube->cable);
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    const struct cube *cube = fabric->state;
    int count = 0;
    for (int bit = 0, at = src; bit < cube->dimension; bit++) {
        if (!((src ^ dst) >> bit & 1))
            continue;
        int without = (at >> (bit + 1) << bit) | (at & ((1 << bit) - 1));
        links[count++] = bit * fabric->places + 2 * without + (at >> bit & 1);
        at ^= 1 << bit;
    }
    return count;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct cube *cube = fabric->state;
    return path_repeat(cube->cable, __builtin_popcount((unsigned)(src ^ dst)));
}

static uint64_t bisection(const struct fabric *fabric)
{
    const struct cube *cube = fabric->state;
    return (uint64_t)(fabric->places / 2) * cube->cable.bandwidth_Bps;
}

const struct topology_ops topology_hypercube = {
    .name = "hypercube",
    .summary = "2^d places, wired where one bit differs; bits are corrected from the lowest",
    .options = "cluster.hypercube.dimension",
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .bisection = bisection,
};
