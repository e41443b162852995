/* A star: up from the one, down to the other; a link of both (a backbone) counts once
 * (StarZone::get_local_route). */
#include "platform.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct ray {
    struct way up, down;
};

struct star {
    struct ray *rays; /* count of them; points added later have none */
    int count;
};

static void release(struct zone *zone)
{
    struct star *star = zone->own;
    for (int i = 0; i < star->count; i++) {
        free(star->rays[i].up.links);
        free(star->rays[i].down.links);
    }
    free(star->rays);
    free(star);
}

void zone_star_set(struct zone *zone, const struct point *point, struct way up, struct way down)
{
    if (!zone->own)
        zone->own = memory_zeroed(1, sizeof(struct star));
    struct star *star = zone->own;
    if (star->count <= point->id) {
        int count = zone->count > 2 * star->count ? zone->count : 2 * star->count;
        star->rays = memory_resize(star->rays, (size_t)count * sizeof *star->rays);
        for (int i = star->count; i < count; i++)
            star->rays[i] = (struct ray){0};
        star->count = count;
    }
    struct ray *ray = &star->rays[point->id];
    free(ray->up.links);
    free(ray->down.links);
    *ray = (struct ray){up, down};
    int longest = up.count + down.count + 1;
    zone->longest = zone->longest > 2 * longest ? zone->longest : 2 * longest;
}

static struct ray ray_of(const struct zone *zone, const struct point *point)
{
    const struct star *star = zone->own;
    return star && point->id < star->count ? star->rays[point->id] : (struct ray){0};
}

static void add_once(const struct way *way, struct trail *trail)
{
    for (int i = 0; i < way->count; i++) {
        bool there = false;
        for (int j = 0; j < trail->count && j < trail->room && !there; j++)
            there = trail->links[j] == way->links[i];
        if (!there)
            trail_add(trail, way->links[i]);
    }
}

static bool route(const struct zone *zone, const struct point *from, const struct point *to,
                  struct trail *trail, const struct point **from_gateway,
                  const struct point **to_gateway)
{
    struct ray out = ray_of(zone, from), in = ray_of(zone, to);
    *from_gateway = *to_gateway = NULL;
    add_once(&out.up, trail);
    add_once(&in.down, trail);
    return true;
}

const struct zone_ops zone_star = {route, release};
