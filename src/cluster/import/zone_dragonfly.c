/* A dragonfly "groups,links; chassis,links; blades,links; nodes": routers in a chassis are joined all
 * to all (green), and the routers of one place of each chassis of a group (black); between two
 * groups one link (blue) joins router j of group i to router i of group j. Minimal routes
 * (DragonflyZone::get_local_route; Kim, Dally, Scott and Abts 2008). A link's bandwidth is
 * multiplied by the number of links that it stands for. With limiters, each router has one as well,
 * which is passed where a message leaves the router. */
#include "platform.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct dragonfly {
    int groups, chassis, blades, nodes;
    int local, green, black, blue; /* the first link of each colour */
    int *limiters;                 /* of each node, then of each router; NULL: there are none */
    bool split;
};

struct place {
    int group, chassis, blade, node;
};

static void release(struct zone *zone)
{
    struct dragonfly *fly = zone->own;
    free(fly->limiters);
    free(fly);
}

static bool read_numbers(struct dragonfly *fly, const struct zone *zone, const struct shape *shape,
                         char *why, size_t room)
{
    const int *n = shape->numbers;
    snprintf(why, room, "expected topo_parameters groups,links;chassis,links;blades,links;nodes");
    if (shape->count != 7)
        return false;
    *fly = (struct dragonfly){.groups = n[0], .chassis = n[2], .blades = n[4], .nodes = n[6]};
    double nodes = (double)n[0] * n[2] * n[4] * n[6];
    double links = (double)n[0] * n[2] * n[4] * (n[6] + (double)n[4] + n[2]) + (double)n[0] * n[0];
    snprintf(why, room, nodes == zone->count ? "the dragonfly would have %.0f links, too many"
                                             : "the dragonfly has %.0f places for %d hosts",
             nodes == zone->count ? links : nodes, zone->count);
    if (nodes != zone->count || links > 1e7)
        return false;
    snprintf(why, room, "a group has no router in its first chassis for each of %d groups", n[0]);
    return fly->groups == 1 || fly->groups <= fly->blades;
}

static void add_links(struct dragonfly *fly, const struct shape *shape)
{
    int routers = fly->groups * fly->chassis * fly->blades;
    fly->local = shape->platform->link_count;
    for (int r = 0; r < routers; r++)
        for (int i = 0; i < fly->nodes; i++)
            shape_add_link(shape, 1, "%s_local_link_from_router_%d_to_node_%d", shape->name, r, i);
    fly->green = shape->platform->link_count;
    for (int c = 0; c < fly->groups * fly->chassis; c++)
        for (int j = 0; j < fly->blades; j++)
            for (int k = j + 1; k < fly->blades; k++)
                shape_add_link(shape, shape->numbers[5],
                               "%s_green_link_in_chassis_%d_between_routers_%d_and_%d", shape->name,
                               c, j, k);
    fly->black = shape->platform->link_count;
    for (int g = 0; g < fly->groups; g++)
        for (int j = 0; j < fly->chassis; j++)
            for (int k = j + 1; k < fly->chassis; k++)
                for (int b = 0; b < fly->blades; b++)
                    shape_add_link(shape, shape->numbers[3],
                                   "%s_black_link_in_group_%d_between_chassis_%d_and_%d_blade_%d",
                                   shape->name, g, j, k, b);
    fly->blue = shape->platform->link_count;
    for (int i = 0; i < fly->groups; i++)
        for (int j = i + 1; j < fly->groups; j++)
            shape_add_link(shape, shape->numbers[1], "%s_blue_link_between_group_%d_and_%d",
                           shape->name, i, j);
}

bool zone_dragonfly_make(struct zone *zone, const struct shape *shape, char *why, size_t room)
{
    struct dragonfly *fly = zone->own = memory_zeroed(1, sizeof *fly);
    if (!read_numbers(fly, zone, shape, why, room))
        return false;
    fly->split = shape->sharing == SHARING_SPLIT;
    if (shape->limiter_Bps) {
        int count = zone->count + zone->count / fly->nodes;
        fly->limiters = memory_zeroed((size_t)count, sizeof(int));
        for (int i = 0; i < count; i++)
            fly->limiters[i] = shape_add_limiter(shape, i);
    }
    add_links(fly, shape);
    zone->alike = true;
    zone->longest = 16;
    return true;
}

static struct place place_of(const struct dragonfly *fly, int id)
{
    struct place place = {.node = id % fly->nodes};
    id /= fly->nodes;
    place.blade = id % fly->blades;
    id /= fly->blades;
    place.chassis = id % fly->chassis;
    place.group = id / fly->chassis;
    return place;
}

/* The number of the pair (i, j), i < j < n, in the order (0,1), (0,2), ..., (1,2), ... */
static int pair(int i, int j, int n)
{
    return i * (2 * n - i - 1) / 2 + (j - i - 1);
}

/* The link between two of n that are joined all to all: `first` is their first, each pair has
 * `each` links, of which this is number `number`. */
static int between(const struct dragonfly *fly, int first, int from, int to, int n, int each,
                   int number)
{
    int low = from < to ? from : to, high = from < to ? to : from;
    return first + 2 * (pair(low, high, n) * each + number) + (fly->split && from > to);
}

/* The limiter of the router where a message is. */
static void limit(const struct dragonfly *fly, const struct place *at, struct trail *trail)
{
    int routers = fly->groups * fly->chassis * fly->blades;
    int router = (at->group * fly->chassis + at->chassis) * fly->blades + at->blade;
    if (fly->limiters)
        trail_add(trail, fly->limiters[routers * fly->nodes + router]);
}

static void to_blade(const struct dragonfly *fly, struct place *at, int blade, struct trail *trail)
{
    int pairs = fly->blades * (fly->blades - 1) / 2, chassis = at->group * fly->chassis + at->chassis;
    if (at->blade == blade)
        return;
    limit(fly, at, trail);
    trail_add(trail, between(fly, fly->green + 2 * chassis * pairs, at->blade, blade, fly->blades, 1,
                             0));
    at->blade = blade;
}

static void to_chassis(const struct dragonfly *fly, struct place *at, int chassis,
                       struct trail *trail)
{
    int pairs = fly->chassis * (fly->chassis - 1) / 2;
    if (at->chassis == chassis)
        return;
    limit(fly, at, trail);
    trail_add(trail, between(fly, fly->black + 2 * at->group * pairs * fly->blades, at->chassis,
                             chassis, fly->chassis, fly->blades, at->blade));
    at->chassis = chassis;
}

static void to_group(const struct dragonfly *fly, struct place *at, int group, struct trail *trail)
{
    if (at->group == group)
        return;
    int home = at->group;
    to_blade(fly, at, group, trail);
    to_chassis(fly, at, 0, trail);
    trail_add(trail, between(fly, fly->blue, home, group, fly->groups, 1, 0));
    limit(fly, at, trail);
    *at = (struct place){.group = group, .chassis = 0, .blade = home};
}

static int local(const struct dragonfly *fly, int id)
{
    return fly->local + 2 * id;
}

static bool route(const struct zone *zone, const struct point *from, const struct point *to,
                  struct trail *trail, const struct point **from_gateway,
                  const struct point **to_gateway)
{
    const struct dragonfly *fly = zone->own;
    struct place at = place_of(fly, from->id), target = place_of(fly, to->id);
    *from_gateway = *to_gateway = NULL;
    if (fly->limiters)
        trail_add(trail, fly->limiters[from->id]);
    trail_add(trail, local(fly, from->id));
    to_group(fly, &at, target.group, trail);
    /* In the destination's group SimGrid takes a router reached by green as one of chassis 0. */
    if (at.blade != target.blade) {
        to_blade(fly, &at, target.blade, trail);
        at.chassis = 0;
    }
    to_chassis(fly, &at, target.chassis, trail);
    limit(fly, &at, trail);
    trail_add(trail, local(fly, to->id) + fly->split);
    if (fly->limiters)
        trail_add(trail, fly->limiters[to->id]);
    return true;
}

const struct zone_ops zone_dragonfly = {route, release};
