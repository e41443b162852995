/* Reads cluster.links into the cluster's cables. */
#ifndef THREADRACK_SRC_CLUSTER_EXPLICIT_LINKS_H
#define THREADRACK_SRC_CLUSTER_EXPLICIT_LINKS_H

#include "threadrack/cluster/cluster.h"

/* Sets vertices and links. All that is wrong with the list is reported at once. */
bool explicit_links_read(struct cluster *cluster, const struct config *config,
                         struct errors *errors);

#endif
