/* Routes of least latency: one search a destination (Dijkstra 1959), backwards from it, fills the
 * column of next_link. */
#include "graph.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* How far a vertex is from the destination. */
struct distance {
    uint64_t latency_ps;
    uint32_t hops; /* UINT32_MAX: not reached */
};

/* The links into each vertex: into[first[v]] to into[first[v + 1] - 1]. */
struct incoming {
    int *first, *into;
};

static int vertices_of(const struct cable_graph *graph)
{
    return graph->places + graph->switches;
}

static struct incoming incoming_create(const struct cable_graph *graph)
{
    struct incoming in = {memory_zeroed((size_t)vertices_of(graph) + 2, sizeof(int)),
                          memory_zeroed((size_t)graph->link_count, sizeof(int))};
    for (int i = 0; i < graph->link_count; i++)
        in.first[graph->links[i].to + 2]++;
    for (int v = 0; v < vertices_of(graph); v++)
        in.first[v + 2] += in.first[v + 1];
    for (int i = 0; i < graph->link_count; i++)
        in.into[in.first[graph->links[i].to + 1]++] = i;
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
static void search(const struct cable_graph *graph, const struct incoming *in, int destination,
                   struct distance *distance)
{
    struct heap heap = {0};
    for (int v = 0; v < vertices_of(graph); v++)
        distance[v] = (struct distance){0, UINT32_MAX};
    distance[destination].hops = 0;
    heap_push(&heap, (struct event){.sequence = (uint64_t)destination});
    while (heap_first(&heap)) {
        struct event event = heap_pop(&heap);
        int v = (int)event.sequence;
        if (event.time_ps != distance[v].latency_ps || event.rank != distance[v].hops)
            continue; /* it was found nearer since */
        for (int i = in->first[v]; i < in->first[v + 1]; i++) {
            const struct link *link = &graph->links[in->into[i]];
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
static void choose(struct cable_graph *graph, int destination, const struct distance *distance)
{
    for (int i = 0; i < graph->link_count; i++) {
        const struct link *link = &graph->links[i];
        struct distance whole = beyond(distance[link->to], link), best = distance[link->from];
        if (link->from == destination || whole.latency_ps != best.latency_ps ||
            whole.hops != best.hops)
            continue;
        int *next = &graph->next_link[(size_t)link->from * (size_t)graph->places +
                                        (size_t)destination];
        if (*next < 0 || link->to < graph->links[*next].to)
            *next = i;
    }
}

static int first_lost(const struct cable_graph *graph, const struct distance *distance)
{
    for (int v = 0; v < vertices_of(graph); v++)
        if (distance[v].hops == UINT32_MAX)
            return v;
    return -1;
}

static void note_longest(struct cable_graph *graph, const struct distance *distance)
{
    for (int v = 0; v < graph->places; v++)
        if ((int)distance[v].hops > graph->longest)
            graph->longest = (int)distance[v].hops;
}

int cable_graph_search(struct cable_graph *graph)
{
    size_t slots = (size_t)vertices_of(graph) * (size_t)graph->places;
    struct incoming in = incoming_create(graph);
    struct distance *distance = memory_zeroed((size_t)vertices_of(graph), sizeof *distance);
    graph->next_link = memory_zeroed(slots, sizeof *graph->next_link);
    memset(graph->next_link, -1, slots * sizeof *graph->next_link);
    int lost = -1;
    for (int d = 0; d < graph->places && lost < 0; d++) {
        search(graph, &in, d, distance);
        lost = first_lost(graph, distance);
        if (lost < 0) {
            note_longest(graph, distance);
            choose(graph, d, distance);
        }
    }
    free(distance);
    free(in.first);
    free(in.into);
    return lost;
}
