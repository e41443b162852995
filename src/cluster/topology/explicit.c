/* A graph written out: cluster.links lists its cables. A message takes the path of least latency;
 * of those, the one of fewest links; of those, at each vertex, the neighbour of lowest number. So
 * routes do not depend on the order in which cables are listed.
 *
 * One search a destination (Dijkstra 1959), backwards from it, fills the column of next_link. */
#include "explicit_links.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include <stdlib.h>

/* How far a vertex is from the destination. */
struct distance {
    uint64_t latency_ps;
    uint32_t hops; /* UINT32_MAX: not reached */
};

/* The links into each vertex: into[first[v]] to into[first[v + 1] - 1]. */
struct incoming {
    int *first, *into;
};

static struct incoming incoming_create(const struct cluster *cluster)
{
    struct incoming in = {memory_zeroed((size_t)cluster->vertices + 2, sizeof(int)),
                          memory_zeroed((size_t)cluster->link_count, sizeof(int))};
    for (int i = 0; i < cluster->link_count; i++)
        in.first[cluster->links[i].to + 2]++;
    for (int v = 0; v < cluster->vertices; v++)
        in.first[v + 2] += in.first[v + 1];
    for (int i = 0; i < cluster->link_count; i++)
        in.into[in.first[cluster->links[i].to + 1]++] = i;
    return in;
}

static bool nearer(struct distance a, struct distance b)
{
    return a.hops != UINT32_MAX &&
           (b.hops == UINT32_MAX || a.latency_ps < b.latency_ps ||
            (a.latency_ps == b.latency_ps && a.hops < b.hops));
}

static struct distance beyond(struct distance distance, const struct link *link)
{
    return (struct distance){distance.latency_ps + link->latency_ps, distance.hops + 1};
}

/* Fills distance[vertices] to the destination. */
static void search(const struct cluster *cluster, const struct incoming *in, int destination,
                   struct distance *distance)
{
    struct heap heap = {0};
    for (int v = 0; v < cluster->vertices; v++)
        distance[v] = (struct distance){0, UINT32_MAX};
    distance[destination].hops = 0;
    heap_push(&heap, (struct event){.sequence = (uint64_t)destination});
    while (heap_first(&heap)) {
        struct event event = heap_pop(&heap);
        int v = (int)event.sequence;
        if (event.time_ps != distance[v].latency_ps || event.rank != distance[v].hops)
            continue; /* it was found nearer since */
        for (int i = in->first[v]; i < in->first[v + 1]; i++) {
            const struct link *link = &cluster->links[in->into[i]];
            struct distance found = beyond(distance[v], link);
            if (!nearer(found, distance[link->from]))
                continue;
            distance[link->from] = found;
            heap_push(&heap, (struct event){.time_ps = found.latency_ps, .rank = found.hops,
                                            .sequence = (uint64_t)link->from});
        }
    }
    heap_release(&heap);
}

/* Chooses each vertex's link towards the destination: on a shortest path, to the lowest vertex. */
static void choose(struct cluster *cluster, int destination, const struct distance *distance)
{
    for (int i = 0; i < cluster->link_count; i++) {
        const struct link *link = &cluster->links[i];
        struct distance whole = beyond(distance[link->to], link), best = distance[link->from];
        if (link->from == destination || whole.latency_ps != best.latency_ps ||
            whole.hops != best.hops)
            continue;
        int *next = &cluster->next_link[(size_t)link->from * (size_t)cluster->nodes +
                                        (size_t)destination];
        if (*next < 0 || link->to < cluster->links[*next].to)
            *next = i;
    }
}

static bool check_reached(struct cluster *cluster, const struct config *config,
                          const struct distance *distance, struct errors *errors)
{
    for (int v = 0; v < cluster->vertices; v++)
        if (distance[v].hops == UINT32_MAX)
            return errors_add(errors, "%s: no path of cluster.links joins %s to node0",
                              config_where(config, "cluster.links"),
                              cluster_vertex_name(cluster, v));
    return true;
}

static bool make_routes(struct cluster *cluster, const struct config *config,
                        struct errors *errors)
{
    size_t slots = (size_t)cluster->vertices * (size_t)cluster->nodes;
    struct incoming in = incoming_create(cluster);
    struct distance *distance = memory_zeroed((size_t)cluster->vertices, sizeof *distance);
    cluster->next_link = memory_zeroed(slots, sizeof *cluster->next_link);
    for (size_t i = 0; i < slots; i++)
        cluster->next_link[i] = -1;
    bool good = true;
    for (int d = 0; d < cluster->nodes && good; d++) {
        search(cluster, &in, d, distance);
        good = check_reached(cluster, config, distance, errors);
        for (int v = 0; v < cluster->nodes && good; v++)
            if ((int)distance[v].hops > cluster->route_room)
                cluster->route_room = (int)distance[v].hops;
        if (good)
            choose(cluster, d, distance);
    }
    free(distance);
    free(in.first);
    free(in.into);
    return good;
}

static bool build(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    return explicit_links_read(cluster, config, errors) && make_routes(cluster, config, errors);
}

static int next_link(const struct cluster *cluster, int vertex, int dst)
{
    return cluster->next_link[(size_t)vertex * (size_t)cluster->nodes + (size_t)dst];
}

static int route(const struct cluster *cluster, int src, int dst, int *links)
{
    int count = 0;
    for (int at = src; at != dst; at = cluster->links[links[count++]].to)
        links[count] = next_link(cluster, at, dst);
    return count;
}

static struct path path(const struct cluster *cluster, int src, int dst)
{
    struct path path = {.bandwidth_Bps = UINT64_MAX};
    for (int at = src; at != dst;) {
        const struct link *link = &cluster->links[next_link(cluster, at, dst)];
        path.latency_ps += link->latency_ps;
        if (link->bandwidth_Bps < path.bandwidth_Bps)
            path.bandwidth_Bps = link->bandwidth_Bps;
        at = link->to;
    }
    return path;
}

const struct topology_ops topology_explicit = {
    .name = "explicit",
    .summary = "a graph of nodes and switches; messages take the path of least latency",
    .options = "cluster.links",
    .build = build,
    .route = route,
    .path = path,
};
