/* Families that others are made of, from numbers instead of keys. */
#ifndef THREADRACK_SRC_CLUSTER_PARTS_H
#define THREADRACK_SRC_CLUSTER_PARTS_H

#include "threadrack/cluster/topology.h"

bool star_shape(struct fabric *fabric, struct path cable, int places);

struct leaf_spine_numbers {
    struct path cable; /* of a node; uplinks have the same latency */
    int leaves, leaf_size, spines;
    double oversubscription;
};
bool leaf_spine_shape(struct fabric *fabric, const struct leaf_spine_numbers *numbers,
                      const char *where, struct errors *errors);

#endif
