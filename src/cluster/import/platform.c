#include "platform.h"

#include "threadrack/base/memory.h"

#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A link's name and index, for the tree. */
struct named {
    char *name;
    int link;
};

static int compare_points(const void *a, const void *b)
{
    const struct point *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static int compare_names(const void *a, const void *b)
{
    const struct named *left = a, *right = b;
    return strcmp(left->name, right->name);
}

struct point *platform_find_point(const struct platform *platform, const char *name)
{
    struct point key = {.name = (char *)name};
    struct point **found = tfind(&key, &platform->by_name, compare_points);
    return found ? *found : NULL;
}

int platform_find_link(const struct platform *platform, const char *name)
{
    struct named key = {.name = (char *)name};
    struct named **found = tfind(&key, &platform->by_link, compare_names);
    return found ? (*found)->link : -1;
}

static struct point *new_point(struct platform *platform, const char *name, enum point_kind kind)
{
    if (platform_find_point(platform, name))
        return NULL;
    struct point *point = memory_zeroed(1, sizeof *point);
    point->name = memory_text("%s", name);
    point->kind = kind;
    if (!tsearch(point, &platform->by_name, compare_points))
        BUG("out of host memory");
    return point;
}

static void enter(struct zone *zone, struct point *point)
{
    point->zone = zone;
    point->id = zone->count;
    *vector_push(&zone->points, &zone->count, &zone->room) = point;
}

struct point *platform_add_point(struct platform *platform, struct zone *zone, const char *name,
                                 enum point_kind kind, double speed)
{
    struct point *point = new_point(platform, name, kind);
    if (!point)
        return NULL;
    enter(zone, point);
    if (kind != POINT_HOST)
        return point;
    point->node = platform->host_count;
    *vector_push(&platform->hosts, &platform->host_count, &platform->host_room) = point;
    if ((platform->host_count & (platform->host_count - 1)) == 0)
        platform->speeds = memory_resize(platform->speeds,
                                         2 * (size_t)platform->host_count * sizeof(double));
    platform->speeds[point->node] = speed;
    return point;
}

struct zone *platform_add_zone(struct platform *platform, struct zone *parent, const char *name,
                               const struct zone_ops *ops)
{
    struct point *point = new_point(platform, name, POINT_ZONE);
    if (!point)
        return NULL;
    struct zone *zone = memory_zeroed(1, sizeof *zone);
    *zone = (struct zone){.point = point, .parent = parent, .ops = ops};
    point->inner = zone;
    if (parent)
        enter(parent, point);
    else
        platform->root = zone;
    return zone;
}

int platform_add_link(struct platform *platform, const char *name, uint64_t bandwidth_Bps,
                      uint64_t latency_ps, enum sharing sharing)
{
    if (platform_find_link(platform, name) >= 0)
        return -1;
    int index = platform->link_count;
    struct named *named = memory_zeroed(1, sizeof *named);
    *named = (struct named){memory_text("%s", name), index};
    if (!tsearch(named, &platform->by_link, compare_names))
        BUG("out of host memory");
    *vector_push(&platform->link_names, &platform->name_count, &platform->name_room) =
        memory_text("%s", name);
    for (int i = 0; i < 2; i++)
        *vector_push(&platform->links, &platform->link_count, &platform->link_room) =
            (struct link){.latency_ps = latency_ps,
                          .bandwidth_Bps = bandwidth_Bps,
                          .fatpipe = sharing == SHARING_FATPIPE,
                          .half_duplex = sharing == SHARING_SHARED};
    return index;
}

static void free_way(struct way *way)
{
    free(way->links);
}

static void free_zone(struct zone *zone)
{
    if (zone->ops->release && zone->own)
        zone->ops->release(zone);
    for (int i = 0; i < zone->bypass_count; i++)
        free_way(&zone->bypasses[i].way);
    free(zone->bypasses);
    free(zone->points);
    free(zone);
}

static void free_point(void *node)
{
    struct point *point = node;
    if (point->inner)
        free_zone(point->inner);
    free(point->name);
    free(point);
}

static void free_named(void *node)
{
    free(((struct named *)node)->name);
    free(node);
}

void platform_free(struct platform *platform)
{
    if (!platform)
        return;
    tdestroy(platform->by_name, free_point);
    tdestroy(platform->by_link, free_named);
    for (int i = 0; i < platform->name_count; i++)
        free(platform->link_names[i]);
    free(platform->link_names);
    free(platform->links);
    free(platform->hosts);
    free(platform->speeds);
    free(platform);
}

/* A shape's own names may be taken by a link of the file: then with a number behind. */
static int add_unique(struct platform *platform, char *name, size_t room, uint64_t bandwidth_Bps,
                      uint64_t latency_ps, enum sharing sharing)
{
    int link = platform_add_link(platform, name, bandwidth_Bps, latency_ps, sharing);
    size_t length = strnlen(name, room - 16);
    for (int i = 2; link < 0; i++) {
        snprintf(name + length, 16, "#%d", i);
        link = platform_add_link(platform, name, bandwidth_Bps, latency_ps, sharing);
    }
    return link;
}

int shape_add_limiter(const struct shape *shape, int place)
{
    if (!shape->limiter_Bps)
        return -1;
    char name[256];
    snprintf(name, sizeof name, "%s_link_%d_limiter", shape->name, place);
    return add_unique(shape->platform, name, sizeof name, shape->limiter_Bps, 0, SHARING_SHARED);
}

int shape_add_link(const struct shape *shape, int factor, const char *format, ...)
{
    char name[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    return add_unique(shape->platform, name, sizeof name, shape->bandwidth_Bps * (uint64_t)factor,
                      shape->latency_ps, shape->sharing);
}
