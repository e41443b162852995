/* Nodes as users name them: 5, or 0:7. */
#ifndef CLUSTER_NODE_RANGE_H
#define CLUSTER_NODE_RANGE_H

#include <stdbool.h>

/* Reads one such range of nodes below `nodes`, and moves behind it. False: it is none. */
bool node_range(const char **text, int nodes, int *first, int *last);

#endif
