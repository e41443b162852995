#include "graph.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct cable_graph *cable_graph_create(int places)
{
    struct cable_graph *graph = memory_zeroed(1, sizeof *graph);
    graph->places = places;
    return graph;
}

void cable_graph_free(struct cable_graph *graph)
{
    free(graph->links);
    free(graph->next_link);
    free(graph->given);
    free(graph->given_links);
    free(graph);
}

void cable_graph_release(void *graph)
{
    cable_graph_free(graph);
}

int cable_graph_add_switch(struct cable_graph *graph)
{
    return graph->places + graph->switches++;
}

static void add_link(struct cable_graph *graph, int from, int to, struct path cable)
{
    *vector_push(&graph->links, &graph->link_count, &graph->link_room) =
        (struct link){.from = from,
                      .to = to,
                      .latency_ps = cable.latency_ps,
                      .bandwidth_Bps = cable.bandwidth_Bps};
}

int cable_graph_add_cable(struct cable_graph *graph, int from, int to, struct path cable)
{
    add_link(graph, from, to, cable);
    add_link(graph, to, from, cable);
    return graph->link_count - 2;
}

static size_t pair(const struct cable_graph *graph, int src, int dst)
{
    return (size_t)src * (size_t)graph->places + (size_t)dst;
}

void cable_graph_give_route(struct cable_graph *graph, int src, int dst, const int *links, int count)
{
    size_t pairs = (size_t)graph->places * (size_t)graph->places;
    if (!graph->given) {
        graph->given = memory_zeroed(pairs, sizeof *graph->given);
        memset(graph->given, -1, pairs * sizeof *graph->given);
    }
    graph->given[pair(graph, src, dst)] = graph->given_count;
    *vector_push(&graph->given_links, &graph->given_count, &graph->given_room) = count;
    for (int i = 0; i < count; i++)
        *vector_push(&graph->given_links, &graph->given_count, &graph->given_room) = links[i];
    if (graph->longest < count)
        graph->longest = count;
}

static bool all_are_given(const struct cable_graph *graph)
{
    for (int src = 0; src < graph->places; src++)
        for (int dst = 0; dst < graph->places; dst++)
            if (src != dst && (!graph->given || graph->given[pair(graph, src, dst)] < 0))
                return false;
    return true;
}

bool cable_graph_finish(struct cable_graph *graph, struct fabric *fabric, const char *where,
                  struct errors *errors)
{
    int lost = all_are_given(graph) ? -1 : cable_graph_search(graph);
    *fabric = (struct fabric){.topology = &topology_explicit,
                              .state = graph,
                              .places = graph->places,
                              .switches = graph->switches,
                              .links = graph->link_count,
                              .route_room = graph->longest};
    if (lost < 0)
        return true;
    bool is_node = lost < graph->places;
    errors_add(errors, "%s: no path of its cables joins %s%d to node0", where,
               is_node ? "node" : "switch", is_node ? lost : lost - graph->places);
    fabric_release(fabric);
    return false;
}

void cable_graph_wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct cable_graph *graph = fabric->state;
    for (int i = 0; i < graph->link_count; i += 2) {
        const struct link *link = &graph->links[i];
        int first = wiring_cable(wiring, link->from, link->to,
                                 (struct path){link->latency_ps, link->bandwidth_Bps});
        for (int way = 0; way < 2; way++) {
            wiring->cluster->links[first + way].fatpipe = link[way].fatpipe;
            wiring->cluster->links[first + way].half_duplex = link[way].half_duplex;
        }
    }
}

/* The links of a given route, or NULL. */
static const int *given_route(const struct cable_graph *graph, int src, int dst, int *count)
{
    int at = graph->given ? graph->given[pair(graph, src, dst)] : -1;
    *count = at >= 0 ? graph->given_links[at] : 0;
    return at >= 0 ? graph->given_links + at + 1 : NULL;
}

int cable_graph_route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    const struct cable_graph *graph = fabric->state;
    int count;
    const int *given = given_route(graph, src, dst, &count);
    for (int i = 0; i < count; i++)
        links[i] = given[i];
    for (int at = src; !given && at != dst; at = graph->links[links[count++]].to)
        links[count] = graph->next_link[pair(graph, at, dst)];
    return count;
}

static struct path add(struct path path, const struct link *link)
{
    return path_join(path, (struct path){link->latency_ps, link->bandwidth_Bps});
}

struct path cable_graph_path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    (void)hash;
    const struct cable_graph *graph = fabric->state;
    struct path path = {.bandwidth_Bps = UINT64_MAX};
    int count;
    const int *given = given_route(graph, src, dst, &count);
    for (int i = 0; i < count; i++)
        path = add(path, &graph->links[given[i]]);
    for (int at = src; !given && at != dst;) {
        const struct link *link = &graph->links[graph->next_link[pair(graph, at, dst)]];
        path = add(path, link);
        at = link->to;
    }
    return path;
}
