/* A torus of any dimensions; the first is walked first, each the shorter way round
 * (TorusZone::get_local_route, whose choice at half way, by the ends' coordinates, is kept).
 *
 * Node i's link of dimension j leads to its neighbour of higher coordinate: links + 2 (i d + j). */
#include "platform.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct torus {
    int sizes[64], dimensions;
    int links;     /* the first one's */
    bool split;    /* the way back has a link of its own */
    int *limiters; /* of each node; NULL: there are none */
};

static void release(struct zone *zone)
{
    struct torus *torus = zone->own;
    free(torus->limiters);
    free(torus);
}

static int neighbour(const struct torus *torus, int node, int dimension, int stride)
{
    int size = torus->sizes[dimension];
    return node / stride % size == size - 1 ? node - (size - 1) * stride : node + stride;
}

static void add_links(struct torus *torus, const struct shape *shape, int nodes)
{
    torus->links = shape->platform->link_count;
    for (int i = 0; i < nodes; i++) {
        int stride = 1;
        for (int j = 0; j < torus->dimensions; j++) {
            shape_add_link(shape, 1, "%s_link_from_%d_to_%d_dimension_%d", shape->name, i,
                           neighbour(torus, i, j, stride), j);
            stride *= torus->sizes[j];
        }
    }
}

bool zone_torus_make(struct zone *zone, const struct shape *shape, char *why, size_t room)
{
    struct torus *torus = zone->own = memory_zeroed(1, sizeof *torus);
    long nodes = 1, hops = 0;
    torus->dimensions = shape->count;
    torus->split = shape->sharing == SHARING_SPLIT;
    for (int j = 0; j < shape->count && nodes <= zone->count; j++) {
        torus->sizes[j] = shape->numbers[j];
        nodes *= shape->numbers[j];
        hops += shape->numbers[j] / 2 + 1;
    }
    if (nodes != zone->count || hops > 100) {
        snprintf(why, room, nodes != zone->count ? "the torus has not as many places as hosts (%d)"
                                                 : "the torus is too long for its %d hosts",
                 zone->count);
        return false;
    }
    zone->alike = true;
    zone->longest = (int)hops * 2 + 1;
    if (shape->limiter_Bps) {
        torus->limiters = memory_zeroed((size_t)zone->count, sizeof(int));
        for (int i = 0; i < zone->count; i++)
            torus->limiters[i] = shape_add_limiter(shape, i);
    }
    add_links(torus, shape, zone->count);
    return true;
}

/* Whether the way from one coordinate to the other goes up. */
static bool goes_up(int from, int to, int size)
{
    return (to > from && to <= from + size / 2) ||
           (from > size / 2 && (from + size / 2) % size >= to);
}

static bool route(const struct zone *zone, const struct point *from, const struct point *to,
                  struct trail *trail, const struct point **from_gateway,
                  const struct point **to_gateway)
{
    const struct torus *torus = zone->own;
    int at = from->id, stride = 1;
    *from_gateway = *to_gateway = NULL;
    for (int j = 0; j < torus->dimensions; j++) {
        int size = torus->sizes[j], target = to->id / stride % size;
        bool up = goes_up(from->id / stride % size, target, size);
        while (at / stride % size != target) {
            int below = at / stride % size == 0 ? at + (size - 1) * stride : at - stride;
            int next = up ? neighbour(torus, at, j, stride) : below;
            if (torus->limiters)
                trail_add(trail, torus->limiters[at]);
            int link = torus->links + 2 * ((up ? at : next) * torus->dimensions + j);
            trail_add(trail, link + (torus->split && !up));
            at = next;
        }
        stride *= size;
    }
    if (torus->limiters)
        trail_add(trail, torus->limiters[to->id]);
    return true;
}

const struct zone_ops zone_torus = {route, release};
