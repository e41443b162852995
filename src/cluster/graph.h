/* A graph written out: the topology `explicit`, and what importers of platform files make.
 *
 *     struct graph *graph = graph_create(places);
 *     int hub = graph_add_switch(graph);
 *     int link = graph_add_cable(graph, 0, hub, cable);     links `link` (there) and `link` + 1 (back)
 *     graph->links[link].fatpipe = true;                    and such, as the file has it
 *     graph_give_route(graph, 0, 1, links, count);          for as many pairs as the file has
 *     if (graph_finish(graph, &fabric, where, errors))      owns the graph, in any case
 *         cluster = cluster_create_from(fabric, config, nodes, where, errors);
 *
 * A message whose route is not given takes the path of least latency; of those, the one of fewest
 * links; of those, at each vertex, the neighbour of lowest number. So routes do not depend on the
 * order in which cables are added.
 */
#ifndef THREADRACK_SRC_CLUSTER_GRAPH_H
#define THREADRACK_SRC_CLUSTER_GRAPH_H

#include "threadrack/cluster/topology.h"

/* Bounds of the tables of routes. */
enum { GRAPH_MOST_PLACES = 1024, GRAPH_MOST_SWITCHES = 65536, GRAPH_MOST_CABLES = 65536 };

struct graph {
    int places, switches;
    struct link *links; /* pairs, there and back */
    int link_count, link_room;
    int *next_link;     /* [vertex * places + destination]: the link to take; NULL: all are given */
    int *given;         /* [src * places + dst]: where in given_links its count stands, then its
                         * links; -1: not given; NULL: none is */
    int *given_links;
    int given_count, given_room;
    int longest;        /* links of the longest route */
};

struct graph *graph_create(int places);
void graph_free(struct graph *graph);
int graph_add_switch(struct graph *graph); /* its vertex; switches follow the places */
int graph_add_cable(struct graph *graph, int from, int to, struct path cable);
/* The links need not join end to end: some platforms' links have no ends. A route that is given
 * twice has the later links. */
void graph_give_route(struct graph *graph, int src, int dst, const int *links, int count);

/* Finds the other routes. False and a message, beginning with `where`, when two places are not
 * joined, and then the graph is freed. */
bool graph_finish(struct graph *graph, struct fabric *fabric, const char *where,
                  struct errors *errors);

/* Hooks of its family. */
extern const struct topology_ops topology_explicit;
void graph_wire(const struct fabric *fabric, struct wiring *wiring);
int graph_route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links);
struct path graph_path(const struct fabric *fabric, int src, int dst, uint64_t hash);
void graph_release(void *graph);

/* Dijkstra, from every place backwards; see graph_search.c. Returns the first vertex that cannot be
 * reached, or -1. */
int graph_search(struct graph *graph);

#endif
