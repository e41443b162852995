/* A grid of any number of dimensions whose rows are rings. Place x0 + k0 (x1 + k1 (x2 + ...)) has
 * the coordinates x0, x1, ... A message corrects dimension 0 first, then 1, and so on, each the
 * shorter way round. Where both ways are as short (an even size, half of it apart) it goes up, but
 * from the middle coordinate to 0 down: SimGrid's TorusZone has this rule, and sharing it makes the
 * two comparable.
 *
 * A dimension of size 2 has one cable between its two places, one of size 1 none. Each place has one
 * cable upwards in each dimension of more than 2, the lower of two in one of 2; they are numbered
 * dimension by dimension, by the place below. The first link of a cable goes up. */
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include "../numbers.h"

struct torus {
    struct path cable;
    int count;
    int sizes[MOST_NUMBERS];
    int strides[MOST_NUMBERS];     /* from a place to the next one up */
    int first_cable[MOST_NUMBERS]; /* of the dimension */
};

/* Two dimensions as near to a square as the nodes divide. */
static struct numbers square_of(int nodes)
{
    int low = 1;
    for (int i = 1; (long)i * i <= nodes; i++)
        if (nodes % i == 0)
            low = i;
    return (struct numbers){.count = 2, .values = {low, nodes / low}};
}

static int cables_of(const struct torus *torus, int d, int places)
{
    int size = torus->sizes[d];
    return size > 2 ? places : size == 2 ? places / 2 : 0;
}

static void measure(struct torus *torus, struct fabric *fabric, const struct numbers *sizes)
{
    int cables = 0;
    torus->count = sizes->count;
    fabric->places = (int)numbers_product(sizes);
    for (int d = 0, stride = 1; d < sizes->count; d++) {
        torus->sizes[d] = sizes->values[d];
        torus->strides[d] = stride;
        stride *= sizes->values[d];
        torus->first_cable[d] = cables;
        cables += cables_of(torus, d, fabric->places);
        fabric->route_room += sizes->values[d] / 2;
    }
    fabric->links = 2 * cables;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    struct numbers sizes = {0};
    bool given = config_is_set(config, "cluster.torus.dimensions");
    if (given && !numbers_read(config, "cluster.torus.dimensions", &sizes, errors))
        return false;
    struct torus *torus = fabric->state = memory_zeroed(1, sizeof *torus);
    torus->cable = cluster_link_setting(config);
    if (!given)
        sizes = square_of(nodes);
    if (given || nodes)
        measure(torus, fabric, &sizes);
    return true;
}

/* Of the cable up from a place; the upper of two places has none. */
static int cable_up(const struct torus *torus, int d, int place)
{
    int stride = torus->strides[d];
    if (torus->sizes[d] == 2)
        place = place / (2 * stride) * stride + place % stride;
    return torus->first_cable[d] + place;
}

static int coordinate(const struct torus *torus, int d, int place)
{
    return place / torus->strides[d] % torus->sizes[d];
}

static int moved(const struct torus *torus, int d, int place, int to)
{
    return place + (to - coordinate(torus, d, place)) * torus->strides[d];
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct torus *torus = fabric->state;
    for (int d = 0; d < torus->count; d++)
        for (int place = 0; place < fabric->places; place++) {
            int size = torus->sizes[d], x = coordinate(torus, d, place);
            if (size > 2 || (size == 2 && x == 0))
                wiring_cable(wiring, place, moved(torus, d, place, (x + 1) % size), torus->cable);
        }
}

/* How far to go in a ring: up when positive, down when negative. */
static int hops(int size, int from, int to)
{
    int up = to >= from ? to - from : to - from + size;
    bool tie = 2 * up == size;
    bool upwards = tie ? to > from || 2 * from > size : 2 * up < size;
    return upwards ? up : up - size;
}

static int walk(const struct torus *torus, int d, int *place, int to, int *links)
{
    int size = torus->sizes[d], x = coordinate(torus, d, *place), way = hops(size, x, to), count = 0;
    for (; x != to; count++) {
        int next = way > 0 ? (x + 1) % size : (x + size - 1) % size;
        int beyond = moved(torus, d, *place, next);
        /* A dimension of 2 has its one cable from coordinate 0 up to 1. */
        bool up = size == 2 ? x == 0 : way > 0;
        links[count] = up ? 2 * cable_up(torus, d, *place) : 2 * cable_up(torus, d, beyond) + 1;
        *place = beyond;
        x = next;
    }
    return count;
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    const struct torus *torus = fabric->state;
    int count = 0, place = src;
    for (int d = 0; d < torus->count; d++)
        count += walk(torus, d, &place, coordinate(torus, d, dst), links + count);
    return count;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct torus *torus = fabric->state;
    int total = 0;
    for (int d = 0; d < torus->count; d++) {
        int way = hops(torus->sizes[d], coordinate(torus, d, src), coordinate(torus, d, dst));
        total += way < 0 ? -way : way;
    }
    return path_repeat(torus->cable, total);
}

/* Across the longest dimension, when it is even: two cables a ring, one where its size is 2. */
static uint64_t bisection(const struct fabric *fabric)
{
    const struct torus *torus = fabric->state;
    int longest = 1;
    for (int d = 0; d < torus->count; d++)
        if (torus->sizes[d] > longest)
            longest = torus->sizes[d];
    if (longest % 2)
        return 0;
    uint64_t rings = (uint64_t)(fabric->places / longest);
    return rings * (longest > 2 ? 2 : 1) * torus->cable.bandwidth_Bps;
}

static int nesting(const struct fabric *fabric, int *sizes)
{
    const struct torus *torus = fabric->state;
    for (int d = 0; d < torus->count && d < CLUSTER_LEVELS_MOST; d++)
        sizes[d] = torus->sizes[d];
    return torus->count > CLUSTER_LEVELS_MOST ? 0 : torus->count;
}

const struct topology_ops topology_torus = {
    .name = "torus",
    .summary = "a grid whose rows are rings, of any dimensions, corrected one after the other",
    .options = "cluster.torus.dimensions",
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
    .nesting = nesting,
    .bisection = bisection,
};
