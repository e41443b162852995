#include "import/import.h"

#include "threadrack/cluster/topology.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

int cluster_route(const struct cluster *cluster, int src, int dst, int *links)
{
    assert(src >= 0 && src < cluster->nodes && dst >= 0 && dst < cluster->nodes);
    if (src == dst)
        return 0;
    src = cluster_node_of(cluster, src);
    dst = cluster_node_of(cluster, dst);
    return cluster->topology->route(&cluster->fabric, src, dst, route_hash(src, dst), links);
}

int cluster_route_room(const struct cluster *cluster)
{
    return cluster->fabric.route_room;
}

uint64_t cluster_bandwidth_at(const struct cluster *cluster, int link, uint64_t time_ps)
{
    uint64_t bandwidth_Bps = cluster->links[link].bandwidth_Bps;
    int traced = cluster->links[link].half_duplex ? link & ~1 : link;
    if (!cluster->link_traces || !cluster->link_traces[traced].count)
        return bandwidth_Bps;
    double now = (double)bandwidth_Bps * trace_factor(&cluster->link_traces[traced], time_ps);
    return now < 1 ? 1 : now > 1e18 ? (uint64_t)1e18 : (uint64_t)floor(now + 0.5);
}

/* Link by link, where the topology's numbers do not say all. */
static struct path path_along(const struct cluster *cluster, int src, int dst, uint64_t time_ps, bool traced)
{
    enum { NEAR = 32 };
    int near[NEAR], room = cluster_route_room(cluster);
    int *links = room > NEAR ? memory_zeroed((size_t)room, sizeof *links) : near;
    struct path path = {.bandwidth_Bps = UINT64_MAX};
    int count = cluster_route(cluster, src, dst, links);
    for (int i = 0; i < count; i++) {
        const struct link *link = &cluster->links[links[i]];
        path = path_join(path, (struct path){link->latency_ps,
                                             traced ? cluster_bandwidth_at(cluster, links[i], time_ps)
                                                    : link->bandwidth_Bps});
    }
    if (links != near)
        free(links);
    return path;
}

struct path cluster_path_at(const struct cluster *cluster, int src, int dst, uint64_t time_ps)
{
    if (!cluster->link_traces || src == dst)
        return cluster_path(cluster, src, dst);
    return path_along(cluster, src, dst, time_ps, true);
}

struct path cluster_path(const struct cluster *cluster, int src, int dst)
{
    if (src == dst)
        return (struct path){.bandwidth_Bps = UINT64_MAX};
    if (cluster->slow_links)
        return path_along(cluster, src, dst, 0, false);
    src = cluster_node_of(cluster, src);
    dst = cluster_node_of(cluster, dst);
    return cluster->topology->path(&cluster->fabric, src, dst, route_hash(src, dst));
}

int cluster_nesting(const struct cluster *cluster, int sizes[CLUSTER_LEVELS_MOST])
{
    return cluster->topology->nesting ? cluster->topology->nesting(&cluster->fabric, sizes) : 0;
}

static void write_vertex(const struct cluster *cluster, int vertex, char *out, size_t room)
{
    if (vertex < cluster->nodes)
        snprintf(out, room, "node%d", vertex);
    else if (vertex < cluster->places)
        snprintf(out, room, "empty%d", vertex);
    else
        snprintf(out, room, "switch%d", vertex - cluster->places);
}

const char *cluster_vertex_name(const struct cluster *cluster, int vertex)
{
    static _Thread_local char name[32];
    write_vertex(cluster, vertex, name, sizeof name);
    return name;
}

const char *cluster_link_name(const struct cluster *cluster, int link)
{
    static _Thread_local char name[72];
    char from[32], to[32];
    if (cluster->platform)
        return import_link_name(cluster, link);
    write_vertex(cluster, cluster->links[link].from, from, sizeof from);
    write_vertex(cluster, cluster->links[link].to, to, sizeof to);
    snprintf(name, sizeof name, "%s->%s", from, to);
    return name;
}
