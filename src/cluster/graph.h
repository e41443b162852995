/* A graph written out: the topology `explicit`, and what importers of platform files make.
 *
 *     struct cable_graph *graph = cable_graph_create(places);
 *     int hub = cable_graph_add_switch(graph);
 *     int link = cable_graph_add_cable(graph, 0, hub, cable);     links `link` (there) and `link` + 1 (back)
 *     graph->links[link].fatpipe = true;                    and such, as the file has it
 *     cable_graph_give_route(graph, 0, 1, links, count);          for as many pairs as the file has
 *     if (cable_graph_finish(graph, &fabric, where, errors))      owns the graph, in any case
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

struct cable_graph {
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

struct cable_graph *cable_graph_create(int places);
void cable_graph_free(struct cable_graph *graph);
int cable_graph_add_switch(struct cable_graph *graph); /* its vertex; switches follow the places */
int cable_graph_add_cable(struct cable_graph *graph, int from, int to, struct path cable);
/* The links need not join end to end: some platforms' links have no ends. A route that is given
 * twice has the later links. */
void cable_graph_give_route(struct cable_graph *graph, int src, int dst, const int *links, int count);

/* Finds the other routes. False and a message, beginning with `where`, when two places are not
 * joined, and then the graph is freed. */
bool cable_graph_finish(struct cable_graph *graph, struct fabric *fabric, const char *where,
                  struct errors *errors);

/* Hooks of its family. */
extern const struct topology_ops topology_explicit;
void cable_graph_wire(const struct fabric *fabric, struct wiring *wiring);
int cable_graph_route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links);
struct path cable_graph_path(const struct fabric *fabric, int src, int dst, uint64_t hash);
void cable_graph_release(void *graph);

/* Dijkstra, from every place backwards; see graph_search.c. Returns the first vertex that cannot be
 * reached, or -1. */
int cable_graph_search(struct cable_graph *graph);

#endif
