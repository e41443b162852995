/* <cluster> in its four shapes, and <cabinet>: hosts by a radical such as "0-9,12". */
#include "simgrid.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_HOSTS = 1000000 };

/* The next range of a radical; false at its end, or where it is none (then *at is not its end). */
static bool next_range(const char **at, long *from, long *to)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    *from = *to = strtol(*at, &end, 10);
    if (*end == '-' && end[1] >= '0' && end[1] <= '9')
        *to = strtol(end + 1, &end, 10);
    *at = *end == ',' ? end + 1 : end;
    return *from <= *to && *to < 2000000000 && *to - *from < MOST_HOSTS && (!*end || *end == ',');
}

static bool add_host(struct simgrid *reading, const struct element *element, struct zone *zone,
                     long radical, double speed)
{
    char *name = memory_text("%s%ld%s", simgrid_get(element, "prefix"), radical,
                             simgrid_get(element, "suffix"));
    bool good = platform_add_point(reading->platform, zone, name, POINT_HOST, speed);
    if (!good)
        simgrid_say(reading, element, "the name '%.80s' is taken", name);
    free(name);
    return good;
}

static bool add_hosts(struct simgrid *reading, const struct element *element, struct zone *zone)
{
    const char *at = simgrid_get(element, "radical");
    double speed;
    long from, to;
    if (!simgrid_read_speed(reading, element, &speed))
        return false;
    while (next_range(&at, &from, &to))
        for (long i = from; i <= to; i++) {
            if (reading->platform->host_count == MOST_HOSTS)
                return simgrid_say(reading, element, "more than %d hosts", MOST_HOSTS);
            if (!add_host(reading, element, zone, i, speed))
                return false;
        }
    return !*at || simgrid_say(reading, element, "radical: '%.40s': expected ranges such as 0-9,12",
                               simgrid_get(element, "radical"));
}

static struct way way_of(const int *links, int count)
{
    struct way way = {.links = memory_zeroed((size_t)count + 1, sizeof(int))};
    for (int i = 0; i < count; i++)
        if (links[i] >= 0)
            way.links[way.count++] = links[i];
    return way;
}

/* A flat cluster: limiter, own link, backbone; back in the reverse order. */
static void make_star(struct zone *zone, const struct shape *shape, int backbone)
{
    int hosts = zone->count, split = shape->sharing == SHARING_SPLIT;
    for (int i = 0; i < hosts; i++) {
        int limiter = shape_add_limiter(shape, i);
        int link = shape_add_link(shape, 1, "%s_link_%d", shape->name, i);
        zone_star_set(zone, zone->points[i], way_of((int[]){limiter, link, backbone}, 3),
                      way_of((int[]){backbone, link + split, limiter}, 3));
    }
    zone->alike = true;
}

static bool read_backbone(struct simgrid *reading, const struct element *element, int *backbone)
{
    uint64_t bandwidth, latency;
    enum sharing sharing;
    *backbone = -1;
    if (!simgrid_read_time(reading, element, "bb_lat", &latency))
        return false;
    if (!*simgrid_get(element, "bb_bw") && !latency)
        return true;
    if (!simgrid_read_bandwidth(reading, element, "bb_bw", &bandwidth) ||
        !simgrid_read_sharing(reading, element, "bb_sharing_policy", SHARING_SHARED, &sharing))
        return false;
    char *name = memory_text("%s_backbone", simgrid_get(element, "id"));
    *backbone = platform_add_link(reading->platform, name, bandwidth, latency, sharing);
    if (*backbone < 0)
        simgrid_say(reading, element, "the link '%.80s' is there already", name);
    free(name);
    return *backbone >= 0;
}

/* The whole numbers of topo_parameters, between commas and semicolons. */
static bool read_numbers(struct simgrid *reading, const struct element *element,
                         struct shape *shape)
{
    const char *text = simgrid_get(element, "topo_parameters"), *at = text;
    while (*at >= '0' && *at <= '9' && shape->count < 64) {
        char *end;
        long number = strtol(at, &end, 10);
        if (number < 1 || number > 1000000)
            break;
        shape->numbers[shape->count++] = (int)number;
        if (!*end)
            return true;
        if (*end != ',' && *end != ';')
            break;
        at = end + 1;
    }
    return simgrid_say(reading, element, "topo_parameters: '%.60s': expected whole numbers from 1",
                       text);
}

static bool make_shape(struct simgrid *reading, const struct element *element, struct zone *zone,
                       struct shape *shape)
{
    char why[200];
    const char *topology = simgrid_get(element, "topology");
    bool good = read_numbers(reading, element, shape);
    for (int i = 0; i < shape->count; i++)
        if (good && (double)shape->bandwidth_Bps * shape->numbers[i] > 1e18)
            good = simgrid_say(reading, element, "bw: too large for so many links");
    if (!good)
        return false;
    if (!strcmp(topology, "TORUS")) {
        good = zone_torus_make(zone, shape, why, sizeof why);
    } else if (!strcmp(topology, "FAT_TREE")) {
        good = zone_fat_tree_make(zone, shape, reading->fat_tree_hosts, why, sizeof why);
        reading->fat_tree_hosts += zone->count;
    } else {
        good = zone_dragonfly_make(zone, shape, why, sizeof why);
    }
    return good || simgrid_say(reading, element, "topo_parameters: '%.60s': %s",
                               simgrid_get(element, "topo_parameters"), why);
}

static bool read_shape(struct simgrid *reading, const struct element *element, struct shape *shape)
{
    *shape = (struct shape){.platform = reading->platform, .name = simgrid_get(element, "id")};
    bool good = simgrid_read_bandwidth(reading, element, "bw", &shape->bandwidth_Bps) &&
                simgrid_read_time(reading, element, "lat", &shape->latency_ps) &&
                simgrid_read_sharing(reading, element, "sharing_policy", SHARING_SPLIT,
                                     &shape->sharing) &&
                (!*simgrid_get(element, "limiter_link") ||
                 simgrid_read_bandwidth(reading, element, "limiter_link", &shape->limiter_Bps));
    if (good && shape->sharing == SHARING_FATPIPE) {
        shape->sharing = SHARING_SHARED;
        remarks_add(reading->remarks, reading->path, element->line,
                    "a cluster's sharing_policy=FATPIPE means SHARED, as in SimGrid");
    }
    return good;
}

static const struct zone_ops *kind_of(const char *topology)
{
    static const struct {
        const char *name;
        const struct zone_ops *ops;
    } kinds[] = {{"", &zone_star}, {"FLAT", &zone_star}, {"TORUS", &zone_torus},
                 {"FAT_TREE", &zone_fat_tree}, {"DRAGONFLY", &zone_dragonfly}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(topology, kinds[i].name))
            return kinds[i].ops;
    return NULL;
}

static bool add_router(struct simgrid *reading, const struct element *element, struct zone *zone)
{
    const char *given = simgrid_get(element, "router_id");
    char *name = *given ? memory_text("%s", given)
                        : memory_text("%s%s_router%s", simgrid_get(element, "prefix"),
                                      simgrid_get(element, "id"), simgrid_get(element, "suffix"));
    bool good = platform_add_point(reading->platform, zone, name, POINT_ROUTER, 0);
    if (!good)
        simgrid_say(reading, element, "the name '%.80s' is taken", name);
    free(name);
    return good;
}

bool simgrid_read_cluster(struct simgrid *reading, const struct element *element,
                          struct zone *parent)
{
    const char *topology = simgrid_get(element, "topology"), *id = simgrid_get(element, "id");
    const struct zone_ops *ops = kind_of(topology);
    struct shape shape;
    int backbone;
    if (!ops)
        return simgrid_say(reading, element, "topology: '%.40s': expected FLAT, TORUS, FAT_TREE or "
                           "DRAGONFLY", topology);
    struct zone *zone = platform_add_zone(reading->platform, parent, id, ops);
    if (!zone)
        return simgrid_say(reading, element, "the name '%.80s' is taken", id);
    if (!read_shape(reading, element, &shape) || !add_hosts(reading, element, zone))
        return false;
    if (ops != &zone_star)
        return make_shape(reading, element, zone, &shape);
    if (!read_backbone(reading, element, &backbone))
        return false;
    make_star(zone, &shape, backbone);
    return add_router(reading, element, zone);
}

bool simgrid_read_cabinet(struct simgrid *reading, const struct element *element, struct zone *zone,
                          int backbone)
{
    struct shape shape = {.platform = reading->platform, .sharing = SHARING_SPLIT};
    int first = zone->count;
    if (!simgrid_read_bandwidth(reading, element, "bw", &shape.bandwidth_Bps) ||
        !simgrid_read_time(reading, element, "lat", &shape.latency_ps) ||
        !add_hosts(reading, element, zone))
        return false;
    for (int i = first; i < zone->count; i++) {
        int link = shape_add_link(&shape, 1, "link_%.200s", zone->points[i]->name);
        zone_star_set(zone, zone->points[i], way_of((int[]){link, backbone}, 2),
                      way_of((int[]){backbone, link + 1}, 2));
    }
    return true;
}
