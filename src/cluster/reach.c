/* Dijkstra (1959), counting. A path's length is (latency, links), so that zero latencies make no
 * cycle of equal length, and every vertex is settled after all that lie before it. */
#include "reach.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/memory.h"

#include <stdlib.h>

struct reach {
    const struct cluster *cluster;
    struct leaving leaving;
    uint64_t *latency_ps;
    uint32_t *hops; /* UINT32_MAX: not reached */
    double *paths;
};

struct leaving leaving_create(const struct cluster *cluster)
{
    struct leaving leaving = {memory_zeroed((size_t)cluster->vertices + 2, sizeof(int)),
                              memory_zeroed((size_t)cluster->link_count + 1, sizeof(int))};
    for (int i = 0; i < cluster->link_count; i++)
        leaving.first[cluster->links[i].from + 2]++;
    for (int v = 0; v < cluster->vertices; v++)
        leaving.first[v + 2] += leaving.first[v + 1];
    for (int i = 0; i < cluster->link_count; i++)
        leaving.out[leaving.first[cluster->links[i].from + 1]++] = i;
    return leaving;
}

void leaving_release(struct leaving *leaving)
{
    free(leaving->first);
    free(leaving->out);
}

struct reach *reach_create(const struct cluster *cluster)
{
    size_t n = (size_t)cluster->vertices;
    struct reach *reach = memory_zeroed(1, sizeof *reach);
    *reach = (struct reach){cluster, leaving_create(cluster), memory_zeroed(n, sizeof(uint64_t)),
                            memory_zeroed(n, sizeof(uint32_t)), memory_zeroed(n, sizeof(double))};
    return reach;
}

void reach_free(struct reach *reach)
{
    leaving_release(&reach->leaving);
    free(reach->latency_ps);
    free(reach->hops);
    free(reach->paths);
    free(reach);
}

static void relax(struct reach *reach, struct heap *heap, int from, const struct link *link)
{
    int to = link->to;
    uint64_t latency_ps = reach->latency_ps[from] + link->latency_ps;
    uint32_t hops = reach->hops[from] + 1;
    bool reached = reach->hops[to] != UINT32_MAX;
    if (reached && latency_ps == reach->latency_ps[to] && hops == reach->hops[to]) {
        reach->paths[to] += reach->paths[from];
    } else if (!reached || latency_ps < reach->latency_ps[to] ||
               (latency_ps == reach->latency_ps[to] && hops < reach->hops[to])) {
        reach->latency_ps[to] = latency_ps;
        reach->hops[to] = hops;
        reach->paths[to] = reach->paths[from];
        heap_push(heap,
                  (struct event){.time_ps = latency_ps, .rank = hops, .sequence = (uint64_t)to});
    }
}

void reach_from(struct reach *reach, int source)
{
    const struct cluster *cluster = reach->cluster;
    struct heap heap = {0};
    for (int v = 0; v < cluster->vertices; v++)
        reach->hops[v] = UINT32_MAX, reach->paths[v] = 0;
    reach->hops[source] = 0;
    reach->latency_ps[source] = 0;
    reach->paths[source] = 1;
    heap_push(&heap, (struct event){.sequence = (uint64_t)source});
    while (heap_first(&heap)) {
        struct event event = heap_pop(&heap);
        int v = (int)event.sequence;
        if (event.time_ps != reach->latency_ps[v] || event.rank != reach->hops[v])
            continue; /* it was found nearer since */
        for (int i = reach->leaving.first[v]; i < reach->leaving.first[v + 1]; i++)
            relax(reach, &heap, v, &cluster->links[reach->leaving.out[i]]);
    }
    heap_release(&heap);
}

uint64_t reach_ps(const struct reach *reach, int vertex)
{
    return reach->latency_ps[vertex];
}

double reach_paths(const struct reach *reach, int vertex)
{
    return reach->paths[vertex];
}
