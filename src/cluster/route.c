#include "import/import.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include <assert.h>

struct path cluster_link_setting(const struct config *config)
{
    return (struct path){config_whole(config, "cluster.link.latency"),
                         config_whole(config, "cluster.link.bandwidth")};
}

static void add_link(struct cluster *cluster, struct link link)
{
    *vector_push(&cluster->links, &cluster->link_count, &cluster->link_room) = link;
}

int cluster_add_cable(struct cluster *cluster, int from, int to, uint64_t bandwidth_Bps,
                      uint64_t latency_ps)
{
    add_link(cluster,
             (struct link){
                 .from = from, .to = to, .latency_ps = latency_ps, .bandwidth_Bps = bandwidth_Bps});
    add_link(cluster,
             (struct link){
                 .from = to, .to = from, .latency_ps = latency_ps, .bandwidth_Bps = bandwidth_Bps});
    return cluster->link_count - 2;
}

int cluster_route(const struct cluster *cluster, int src, int dst, int *links)
{
    assert(src >= 0 && src < cluster->nodes && dst >= 0 && dst < cluster->nodes);
    return src == dst ? 0 : cluster->topology->route(cluster, src, dst, links);
}

int cluster_route_room(const struct cluster *cluster)
{
    return cluster->route_room;
}

struct path cluster_path(const struct cluster *cluster, int src, int dst)
{
    int links[ROUTE_LONGEST];
    struct path path = {.bandwidth_Bps = UINT64_MAX};
    if (src != dst && cluster->topology->path)
        return cluster->topology->path(cluster, src, dst);
    int count = cluster_route(cluster, src, dst, links);
    for (int i = 0; i < count; i++) {
        const struct link *link = &cluster->links[links[i]];
        path.latency_ps += link->latency_ps;
        if (link->bandwidth_Bps < path.bandwidth_Bps)
            path.bandwidth_Bps = link->bandwidth_Bps;
    }
    return path;
}

static void write_vertex(const struct cluster *cluster, int vertex, char *out, size_t room)
{
    bool is_node = vertex < cluster->nodes;
    snprintf(out, room, "%s%d", is_node ? "node" : "switch",
             is_node ? vertex : vertex - cluster->nodes);
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
