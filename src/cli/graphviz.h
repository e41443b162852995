/* A cluster as a picture. */
#ifndef THREADRACK_CLI_GRAPHVIZ_H
#define THREADRACK_CLI_GRAPHVIZ_H

#include "threadrack/cluster/cluster.h"

/* In Graphviz's language; false and a message when the file cannot be written. */
bool graphviz_write(const struct cluster *cluster, const char *path, struct errors *errors);
/* As PNG, by the program `dot`; a message, too, when it is not installed or the graph is too large
 * to be looked at. */
bool graphviz_draw(const struct cluster *cluster, const char *path, struct errors *errors);

#endif
