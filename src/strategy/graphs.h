/* Graphs of gossip (gossip_graphs): who hears whom. */
#ifndef STRATEGY_GRAPHS_H
#define STRATEGY_GRAPHS_H

#include "words.h"

#include "threadrack/base/philox.h"

enum { GRAPH_RING, GRAPH_TORUS, GRAPH_EXPONENTIAL, GRAPH_FULL };

/* How many a member hears, and which; who hears whom is a shift by a constant, so that a member is heard at the
 * same shift back. */
enum { MOST_NEIGHBOURS = 4 };
struct neighbours {
    int count;
    int from[MOST_NEIGHBOURS], to[MOST_NEIGHBOURS]; /* heard, and hearing: members */
};
/* Adds those of a member in a step; not of GRAPH_FULL. */
void graph_neighbours(int graph, int size, int member, size_t step, struct neighbours *all);

/* ---- Two-coloured, where each edge joins an active member and a passive one. ---- */

bool graph_is_active(int graph, int size, int member);
/* One of an active member's neighbours, which are passive: of two sizes or more. */
int graph_draw_neighbour(int graph, int size, int member, struct draw draw);

#endif
