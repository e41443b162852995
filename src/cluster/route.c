#include "import/import.h"

#include "threadrack/cluster/topology.h"

#include <assert.h>

int cluster_route(const struct cluster *cluster, int src, int dst, int *links)
{
    assert(src >= 0 && src < cluster->nodes && dst >= 0 && dst < cluster->nodes);
    if (src == dst)
        return 0;
    return cluster->topology->route(&cluster->fabric, src, dst, route_hash(src, dst), links);
}

int cluster_route_room(const struct cluster *cluster)
{
    return cluster->fabric.route_room;
}

struct path cluster_path(const struct cluster *cluster, int src, int dst)
{
    if (src == dst)
        return (struct path){.bandwidth_Bps = UINT64_MAX};
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
