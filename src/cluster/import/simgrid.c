/* SimGrid's platform XML into points, links and routes. */
#include "simgrid.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool read_zone(struct simgrid *reading, const struct element *element, struct zone *parent);

static bool is(const struct element *element, const char *name)
{
    return !strcmp(element->name, name);
}

static bool read_link(struct simgrid *reading, const struct element *element, const char *bandwidth,
                      int *link)
{
    uint64_t Bps, ps;
    enum sharing sharing;
    const char *id = simgrid_get(element, "id");
    if (!simgrid_read_bandwidth(reading, element, bandwidth, &Bps) ||
        !simgrid_read_time(reading, element, "latency", &ps) ||
        !simgrid_read_sharing(reading, element, "sharing_policy", SHARING_SHARED, &sharing))
        return false;
    *link = platform_add_link(reading->platform, id, Bps, ps, sharing);
    return *link >= 0 || simgrid_say(reading, element, "the link '%.80s' is there already", id);
}

static bool is_split(const struct platform *platform, int link)
{
    return !platform->links[link].fatpipe && !platform->links[link].half_duplex;
}

/* A link by its name, or a half of a split one by name_UP and name_DOWN; -1: there is none. */
static int find_link(const struct platform *platform, const char *name)
{
    static const char *const halves[] = {"_UP", "_DOWN"};
    int link = platform_find_link(platform, name);
    size_t length = strlen(name);
    for (int half = 0; half < 2 && link < 0; half++) {
        size_t tail = strlen(halves[half]);
        if (length <= tail || strcmp(name + length - tail, halves[half]))
            continue;
        char *whole = memory_text("%.*s", (int)(length - tail), name);
        int found = platform_find_link(platform, whole);
        free(whole);
        if (found >= 0 && is_split(platform, found))
            return found + half;
    }
    return link;
}

/* One <link_ctn>: the link in the direction of the route. */
static bool read_step(struct simgrid *reading, const struct element *element, int *link)
{
    const char *id = simgrid_get(element, "id"), *direction = simgrid_get(element, "direction");
    bool up = !strcmp(direction, "UP"), down = !strcmp(direction, "DOWN");
    int whole = platform_find_link(reading->platform, id);
    *link = find_link(reading->platform, id);
    if (*link < 0)
        return simgrid_say(reading, element, "there is no link '%.80s'", id);
    if (!up && !down && *direction && strcmp(direction, "NONE"))
        return simgrid_say(reading, element, "direction: '%.40s': expected UP, DOWN or NONE",
                           direction);
    if (whole >= 0 && is_split(reading->platform, whole) != (up || down))
        return simgrid_say(reading, element, up || down
                           ? "the link '%.80s' has no directions: it is not SPLITDUPLEX"
                           : "the link '%.80s' is SPLITDUPLEX: expected direction UP or DOWN", id);
    *link += down;
    return true;
}

static bool read_steps(struct simgrid *reading, const struct element *element, struct way *way)
{
    enum { MOST_STEPS = 200 };
    bool good = element->count <= MOST_STEPS ||
                simgrid_say(reading, element, "more than %d links", MOST_STEPS);
    way->links = memory_zeroed((size_t)element->count + 1, sizeof(int));
    for (int i = 0; good && i < element->count; i++)
        good = is(&element->children[i], "link_ctn")
                   ? read_step(reading, &element->children[i], &way->links[way->count++])
                   : simgrid_say(reading, &element->children[i], "does not belong in a route");
    if (good && !way->count)
        good = simgrid_say(reading, element, "a route needs links");
    return good;
}

/* The way back: the links in reverse, of split ones the other half, gateways exchanged. */
static struct way reversed(const struct platform *platform, struct way way)
{
    struct way back = {memory_zeroed((size_t)way.count + 1, sizeof(int)), way.count,
                       way.to_gateway, way.from_gateway};
    for (int i = 0; i < way.count; i++) {
        int link = way.links[way.count - 1 - i];
        back.links[i] = is_split(platform, link) ? link ^ 1 : link;
    }
    return back;
}

/* A point that an attribute names: one of the zone's own, or, as a gateway, any within `inside`. */
static const struct point *read_point(struct simgrid *reading, const struct element *element,
                                      const char *attribute, const struct zone *zone,
                                      const struct point *inside)
{
    const char *name = simgrid_get(element, attribute);
    const struct point *point = platform_find_point(reading->platform, name);
    bool within = point && !inside && point->zone == zone;
    for (const struct zone *at = point && inside ? point->zone : NULL; at; at = at->parent)
        within = within || at->point == inside;
    if (within && (!inside || point->kind != POINT_ZONE))
        return point;
    simgrid_say(reading, element, "%s: '%.80s' is no %s of '%.80s'", attribute, name,
                inside ? "host or router" : "point", inside ? inside->name : zone->point->name);
    return NULL;
}

/* Whose links are the file's, by kind of element. */
static bool read_ends(struct simgrid *reading, const struct element *element,
                      const struct zone *zone, const struct point **from, const struct point **to,
                      struct way *way)
{
    bool of_zones = strcasestr(element->name, "zoneRoute") || strcasestr(element->name, "ASroute");
    *from = read_point(reading, element, "src", zone, NULL);
    *to = read_point(reading, element, "dst", zone, NULL);
    if (!*from || !*to)
        return false;
    if (((*from)->kind == POINT_ZONE) != of_zones || ((*to)->kind == POINT_ZONE) != of_zones)
        return simgrid_say(reading, element, of_zones ? "joins zones, not hosts"
                                                      : "joins hosts and routers, not zones");
    if (!of_zones)
        return true;
    way->from_gateway = read_point(reading, element, "gw_src", zone, *from);
    way->to_gateway = read_point(reading, element, "gw_dst", zone, *to);
    return way->from_gateway && way->to_gateway;
}

static bool add_route(struct simgrid *reading, const struct element *element, struct zone *zone,
                      const struct point *from, const struct point *to, struct way way)
{
    const char *symmetrical = simgrid_get(element, "symmetrical");
    bool both = !*symmetrical || !strcasecmp(symmetrical, "YES");
    if (!both && strcasecmp(symmetrical, "NO")) {
        free(way.links);
        return simgrid_say(reading, element, "symmetrical: expected YES or NO");
    }
    struct way back = both && from != to ? reversed(reading->platform, way) : (struct way){0};
    bool good = zone_table_add(zone, from, to, way);
    if (!good)
        free(way.links);
    if (good && back.links && !zone_table_add(zone, to, from, back)) {
        free(back.links);
        good = false;
    } else if (!good) {
        free(back.links);
    }
    return good || simgrid_say(reading, element, "there is a route already (routes are symmetrical "
                               "unless they say NO)");
}

static bool read_route(struct simgrid *reading, const struct element *element, struct zone *zone)
{
    struct way way = {0};
    const struct point *from, *to;
    if (zone->ops == &zone_star)
        return simgrid_say(reading, element, "a zone of routing Cluster has no routes of its own");
    if (!read_ends(reading, element, zone, &from, &to, &way) ||
        !read_steps(reading, element, &way)) {
        free(way.links);
        return false;
    }
    if (strncmp(element->name, "bypass", 6))
        return add_route(reading, element, zone, from, to, way);
    *vector_push(&zone->bypasses, &zone->bypass_count, &zone->bypass_room) =
        (struct bypass){from, to, way};
    return true;
}

static bool read_host(struct simgrid *reading, const struct element *element, struct zone *zone)
{
    double speed = 0;
    bool host = is(element, "host");
    const char *id = simgrid_get(element, "id");
    if (host && !simgrid_read_speed(reading, element, &speed))
        return false;
    return platform_add_point(reading->platform, zone, id, host ? POINT_HOST : POINT_ROUTER,
                              speed) ||
           simgrid_say(reading, element, "the name '%.80s' is taken", id);
}

static bool read_host_link(struct simgrid *reading, const struct element *element,
                           struct zone *zone, int backbone)
{
    const struct point *point = read_point(reading, element, "id", zone, NULL);
    int up = find_link(reading->platform, simgrid_get(element, "up"));
    int down = find_link(reading->platform, simgrid_get(element, "down"));
    if (!point)
        return false;
    if (up < 0 || down < 0)
        return simgrid_say(reading, element, "there is no link '%.80s'",
                           simgrid_get(element, up < 0 ? "up" : "down"));
    int *links = memory_zeroed(4, sizeof *links), *back = memory_zeroed(4, sizeof *back);
    int count = backbone >= 0 ? 2 : 1;
    links[0] = up;
    links[1] = back[0] = backbone;
    back[count - 1] = down;
    zone_star_set(zone, point, (struct way){.links = links, .count = count},
                  (struct way){.links = back, .count = count});
    return true;
}

/* What belongs to a star's spokes, once its links and its backbone are known. */
static bool read_spokes(struct simgrid *reading, const struct element *element, struct zone *zone)
{
    int backbone = -1;
    bool good = true;
    for (int i = 0; i < element->count; i++)
        if (is(&element->children[i], "backbone"))
            good = read_link(reading, &element->children[i], "bandwidth", &backbone) && good;
    for (int i = 0; good && i < element->count; i++) {
        const struct element *child = &element->children[i];
        if (is(child, "host_link"))
            good = read_host_link(reading, child, zone, backbone);
        else if (is(child, "cabinet"))
            good = simgrid_read_cabinet(reading, child, zone, backbone);
    }
    return good;
}

static bool is_zone(const struct element *element)
{
    return is(element, "zone") || is(element, "AS") || is(element, "cluster");
}

static bool is_route(const struct element *element)
{
    return strcasestr(element->name, "route") && !is(element, "router");
}

static bool read_thing(struct simgrid *reading, const struct element *element, struct zone *zone)
{
    int link;
    if (is(element, "cluster"))
        return simgrid_read_cluster(reading, element, zone);
    if (is_zone(element))
        return read_zone(reading, element, zone);
    if (is(element, "host") || is(element, "router"))
        return read_host(reading, element, zone);
    if (is(element, "link"))
        return read_link(reading, element, "bandwidth", &link);
    bool spoke = is(element, "host_link") || is(element, "cabinet") || is(element, "backbone");
    if ((spoke && zone->ops != &zone_star) || is(element, "link_ctn") ||
        is(element, "platform") || is(element, "config"))
        return simgrid_say(reading, element, "does not belong in a zone of this routing");
    return true;
}

/* A zone holds other zones, or hosts and routers. */
static bool check_mixture(struct simgrid *reading, const struct element *element,
                          const struct zone *zone)
{
    bool zones = false, points = false;
    for (int i = 0; i < zone->count; i++) {
        zones = zones || zone->points[i]->kind == POINT_ZONE;
        points = points || zone->points[i]->kind != POINT_ZONE;
    }
    if (zones && points)
        return simgrid_say(reading, element, "holds hosts or routers besides zones: put them into a "
                           "zone of their own");
    return !zones || zone->ops != &zone_star ||
           simgrid_say(reading, element, "a zone of routing Cluster holds hosts, not zones");
}

static const struct zone_ops *routing_of(const char *routing)
{
    static const struct {
        const char *name;
        const struct zone_ops *ops;
    } kinds[] = {{"Full", &zone_full}, {"None", &zone_full}, {"Floyd", &zone_floyd},
                 {"Dijkstra", &zone_dijkstra}, {"DijkstraCache", &zone_dijkstra},
                 {"Cluster", &zone_star}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcasecmp(routing, kinds[i].name))
            return kinds[i].ops;
    return NULL;
}

static bool read_zone(struct simgrid *reading, const struct element *element, struct zone *parent)
{
    const char *routing = simgrid_get(element, "routing"), *id = simgrid_get(element, "id");
    const struct zone_ops *ops = routing_of(routing);
    if (!ops)
        return simgrid_say(reading, element, "routing: '%.40s' is not modelled: expected Full, "
                           "Floyd, Dijkstra, DijkstraCache, Cluster or None", routing);
    struct zone *zone = platform_add_zone(reading->platform, parent, id, ops);
    if (!zone)
        return simgrid_say(reading, element, "the name '%.80s' is taken", id);
    bool good = true;
    for (int i = 0; i < element->count; i++)
        if (!is_route(&element->children[i]))
            good = read_thing(reading, &element->children[i], zone) && good;
    good = good && check_mixture(reading, element, zone);
    if (good && ops == &zone_star)
        good = read_spokes(reading, element, zone);
    if (good && ops != &zone_star && !zone_table_seal(zone))
        return simgrid_say(reading, element, "too many points for routing %s", routing);
    for (int i = 0; good && i < element->count; i++)
        if (is_route(&element->children[i]))
            good = read_route(reading, &element->children[i], zone);
    if (good && ops != &zone_star)
        zone_table_seal(zone);
    return good;
}

/* Two hosts that SimGrid could not join are an error now rather than when a message is sent. Hosts
 * of one regular cluster have routes of one shape, so its first two stand for all. */
static bool check_routes(struct simgrid *reading)
{
    struct platform *platform = reading->platform;
    int links[512], longest = 0, margin = 0, count = 0;
    int *chosen = memory_zeroed((size_t)platform->host_count + 1, sizeof *chosen);
    for (int i = 0; i < platform->host_count; i++) {
        const struct point *host = platform->hosts[i];
        if (host->zone->alike && host->zone->longest > margin)
            margin = host->zone->longest;
        if (!host->zone->alike || host->id < 2)
            chosen[count++] = i;
    }
    bool good = count <= 4096 || errors_add(reading->errors, "%s: more than 4096 hosts outside "
                                            "<cluster>", reading->path);
    for (int i = 0; good && i < count; i++)
        for (int j = 0; good && j < count; j++) {
            const struct point *from = platform->hosts[chosen[i]], *to = platform->hosts[chosen[j]];
            struct trail trail = {links, 0, 512};
            if (i == j)
                continue;
            good = platform_route(from, to, &trail) && trail.count > 0 && trail.count <= 256;
            if (!good)
                errors_add(reading->errors, trail.count > 256
                           ? "%s: the route from host '%.80s' to '%.80s' is longer than 256 links"
                           : "%s: there is no route from host '%.80s' to '%.80s'",
                           reading->path, from->name, to->name);
            longest = trail.count > longest ? trail.count : longest;
        }
    free(chosen);
    platform->route_room = longest + 2 * margin + 1;
    return good;
}

static bool read_platform(struct simgrid *reading, const struct element *root)
{
    double version = strtod(simgrid_get(root, "version"), NULL);
    if (!is(root, "platform"))
        return simgrid_say(reading, root, "expected SimGrid's <platform>");
    if (!simgrid_check(reading, root))
        return false;
    if (!(version >= 4 && version < 4.105))
        return simgrid_say(reading, root, "version: '%.20s': expected 4 or 4.1",
                           simgrid_get(root, "version"));
    for (int i = 0; i < root->count; i++) {
        const struct element *child = &root->children[i];
        bool zone = is_zone(child);
        if (zone && reading->platform->root)
            return simgrid_say(reading, child, "a platform has one outermost zone");
        if (zone && !(is(child, "cluster") ? simgrid_read_cluster(reading, child, NULL)
                                           : read_zone(reading, child, NULL)))
            return false;
        if (is(child, "host") || is(child, "link") || is(child, "router") || is_route(child))
            return simgrid_say(reading, child, "expected within a zone");
    }
    if (!reading->platform->host_count)
        return simgrid_say(reading, root, "there are no hosts");
    return check_routes(reading);
}

struct platform *simgrid_load(const char *path, struct remarks *remarks, struct errors *errors)
{
    struct element *root = xml_load(path, errors);
    if (!root)
        return NULL;
    struct simgrid reading = {path, memory_zeroed(1, sizeof *reading.platform), remarks, errors, 0};
    bool good = read_platform(&reading, root);
    xml_free(root);
    if (good)
        return reading.platform;
    platform_free(reading.platform);
    return NULL;
}
