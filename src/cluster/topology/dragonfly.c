/* A dragonfly (Kim, Dally, Scott, Abts: Technology-driven, highly-scalable dragonfly topology, ISCA
 * 2008): g groups of a routers, which are joined each to each within a group; p nodes and h cables to
 * other groups a router. A group's a h global ports are shared evenly among the g - 1 other groups,
 * m = a h / (g - 1) cables a pair (rounded down; ports left over stay empty).
 *
 * Port q of group i, on its router q / h, belongs to cable q / (g - 1) of its pair with group
 * i + 1 + q mod (g - 1) (mod g): the relative arrangement (Hastings et al. 2015), in which every
 * group looks alike. Balanced is a = 2 p = 2 h.
 *
 * Routing is minimal: to the router with a cable to the destination's group, over it, to the
 * destination's router; at most five cables. Of a pair's m cables the route's hash chooses.
 *
 * Cables: one for each place; then each group's, pair by pair of routers as in full_mesh; then, for
 * each cable c of a pair and each pair of groups i < j as in full_mesh, the global ones. First link:
 * to the router; from the lower router; from the lower group. */
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

struct dragonfly {
    struct path cable, local, global;
    int groups, routers, nodes, ports; /* g, a, p, h */
    int parallel;                      /* m: cables between two groups */
    int first_local, first_global;     /* cables */
};

/* Vertices, local cables and global cables of the whole are bounded, so that counts fit. */
enum { MOST_PLACES = 1000000, MOST_CABLES = 100000000 };

static int number(const struct config *config, const char *key, int otherwise)
{
    return config_is_set(config, key) ? (int)config_whole(config, key) : otherwise;
}

/* The smallest balanced one with room, where the keys are not given: p = h, a = 2 h, g = a h + 1, as
 * far as the nodes need groups. */
static void read_numbers(struct dragonfly *fly, const struct config *config, int nodes)
{
    int h = 1;
    while ((int64_t)2 * h * h * (2 * h * h + 1) < nodes)
        h++;
    fly->nodes = number(config, "cluster.dragonfly.nodes", h);
    fly->routers = number(config, "cluster.dragonfly.routers", 2 * h);
    fly->ports = number(config, "cluster.dragonfly.global_links", h);
    int64_t group = (int64_t)fly->nodes * fly->routers;
    fly->groups = number(config, "cluster.dragonfly.groups",
                         (int)(nodes > 1 ? (nodes - 1) / group + 1 : 1));
    fly->cable = cluster_link_setting(config);
    fly->local = cluster_link_or(config, "cluster.dragonfly.local.bandwidth",
                                 "cluster.dragonfly.local.latency");
    fly->global = cluster_link_or(config, "cluster.dragonfly.global.bandwidth",
                                  "cluster.dragonfly.global.latency");
}

static bool measure(struct dragonfly *fly, struct fabric *fabric)
{
    int64_t g = fly->groups, a = fly->routers, routers = g * a, places = routers * fly->nodes;
    if (routers > MOST_PLACES || places > MOST_PLACES || routers * a > MOST_CABLES ||
        routers * fly->ports > MOST_CABLES)
        return false;
    fly->parallel = g > 1 ? (int)(a * fly->ports / (g - 1)) : 0;
    fly->first_local = (int)places;
    fly->first_global = (int)(places + g * (a * (a - 1) / 2));
    fabric->places = (int)places;
    fabric->switches = (int)routers;
    fabric->links = (int)(2 * (fly->first_global + g * (g - 1) / 2 * fly->parallel));
    fabric->route_room = 5;
    return true;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    const char *where = config_where(config, "cluster.topology");
    struct dragonfly *fly = fabric->state = memory_zeroed(1, sizeof *fly);
    read_numbers(fly, config, nodes);
    if (!nodes && !config_is_set(config, "cluster.dragonfly.groups"))
        return true;
    if (!measure(fly, fabric))
        return errors_add(errors, "%s: topology dragonfly: more than %d places or %d cables", where,
                          MOST_PLACES, MOST_CABLES);
    int most = fly->routers * fly->ports + 1;
    if (fly->groups > most)
        return errors_add(errors,
                          "%s: topology dragonfly: a group has %d routers x %d global links, so there "
                          "are at most %d groups, not %d; or %d global links",
                          where, fly->routers, fly->ports, most, fly->groups,
                          (fly->groups - 2) / fly->routers + 1);
    return true;
}

/* The place of the pair i < j in the order of full_mesh. */
static int pair(int n, int i, int j)
{
    return i * (2 * n - i - 1) / 2 + (j - i - 1);
}

/* The router of group i that has cable c to group j. */
static int gateway(const struct dragonfly *fly, int i, int j, int c)
{
    int g = fly->groups, behind = (j - i - 1 + g) % g;
    return (c * (g - 1) + behind) / fly->ports;
}

static void wire_groups(const struct dragonfly *fly, struct wiring *wiring, int first)
{
    int a = fly->routers;
    for (int group = first; group < first + fly->groups * a; group += a)
        for (int i = 0; i < a; i++)
            for (int j = i + 1; j < a; j++)
                wiring_cable(wiring, group + i, group + j, fly->local);
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct dragonfly *fly = fabric->state;
    int first = fabric->places, a = fly->routers;
    for (int i = 0; i < fabric->places; i++)
        wiring_cable(wiring, i, first + i / fly->nodes, fly->cable);
    wire_groups(fly, wiring, first);
    for (int c = 0; c < fly->parallel; c++)
        for (int i = 0; i < fly->groups; i++)
            for (int j = i + 1; j < fly->groups; j++)
                wiring_cable(wiring, first + i * a + gateway(fly, i, j, c),
                             first + j * a + gateway(fly, j, i, c), fly->global);
}

/* A message's way: routers are numbered within their groups. */
struct way {
    int from_group, to_group, from, to;
    int leave, enter, cable; /* of different groups */
};

static struct way find_way(const struct dragonfly *fly, int src, int dst, uint64_t hash)
{
    int from = src / fly->nodes, to = dst / fly->nodes, a = fly->routers;
    struct way way = {from / a, to / a, from % a, to % a, 0, 0, 0};
    if (way.from_group == way.to_group)
        return way;
    way.cable = route_pick(&hash, fly->parallel);
    way.leave = gateway(fly, way.from_group, way.to_group, way.cable);
    way.enter = gateway(fly, way.to_group, way.from_group, way.cable);
    return way;
}

/* Adds the link from one router of a group to another, if they differ. */
static int step(const struct dragonfly *fly, int group, int from, int to, int *links)
{
    int a = fly->routers, low = from < to ? from : to, high = from < to ? to : from;
    if (from == to)
        return 0;
    links[0] = 2 * (fly->first_local + group * (a * (a - 1) / 2) + pair(a, low, high)) + (from > to);
    return 1;
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    const struct dragonfly *fly = fabric->state;
    struct way way = find_way(fly, src, dst, hash);
    int i = way.from_group, j = way.to_group, g = fly->groups, count = 0;
    links[count++] = 2 * src;
    if (i == j) {
        count += step(fly, i, way.from, way.to, links + count);
    } else {
        int pairs = g * (g - 1) / 2, low = i < j ? i : j, high = i < j ? j : i;
        count += step(fly, i, way.from, way.leave, links + count);
        links[count++] =
            2 * (fly->first_global + way.cable * pairs + pair(g, low, high)) + (i > j);
        count += step(fly, j, way.enter, way.to, links + count);
    }
    links[count++] = 2 * dst + 1;
    return count;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    const struct dragonfly *fly = fabric->state;
    struct way way = find_way(fly, src, dst, hash);
    struct path ends = path_repeat(fly->cable, 2);
    if (way.from_group == way.to_group)
        return path_join(ends, path_repeat(fly->local, way.from != way.to));
    int locals = (way.from != way.leave) + (way.enter != way.to);
    return path_join(path_join(ends, fly->global), path_repeat(fly->local, locals));
}

const struct topology_ops topology_dragonfly = {
    .name = "dragonfly",
    .summary = "groups of routers, each to each within a group and between groups; minimal routes",
    .options = "cluster.dragonfly.groups cluster.dragonfly.routers cluster.dragonfly.nodes "
               "cluster.dragonfly.global_links cluster.dragonfly.local.bandwidth "
               "cluster.dragonfly.local.latency cluster.dragonfly.global.bandwidth "
               "cluster.dragonfly.global.latency",
    .shape = shape,
    .wire = wire,
    .route = route,
    .path = path,
};
