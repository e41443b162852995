/* Reads cluster.links into a graph. */
#ifndef THREADRACK_SRC_CLUSTER_EXPLICIT_LINKS_H
#define THREADRACK_SRC_CLUSTER_EXPLICIT_LINKS_H

#include "../graph.h"

/* NULL when something is wrong with the list, all of which is reported at once. */
struct cable_graph *explicit_links_read(int nodes, const struct config *config, struct errors *errors);

#endif
