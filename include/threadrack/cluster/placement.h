/* The family of placements: which node each rank of a run is on.
 *
 * Ranks are numbered by the mesh, its chattiest axis closest together (comm/mesh.h); a placement puts them
 * onto the nodes, once, in the cluster: from then on routes, paths, devices and traces of speeds answer to
 * ranks (cluster_node_of), and what names links, boxes and nodes goes by the nodes themselves. `packed`, the
 * default, has rank i on node i; topologies number their nodes box by box, so chatty axes lie inside a box.
 *
 * To add one: src/cluster/placement/<name>.c with a `const struct placement_ops placement_<name>` and a row in
 * src/cluster/placement.def. The contract test picks it up.
 */
#ifndef THREADRACK_CLUSTER_PLACEMENT_H
#define THREADRACK_CLUSTER_PLACEMENT_H

#include "threadrack/cluster/cluster.h"

struct placing {
    const struct cluster *cluster;
    int ranks;
    uint64_t seed;
    const char *words;   /* what was asked for, its name included */
    const char *options; /* what stands behind the name and its colon; "" */
    const char *where;   /* begins messages */
    int *node_of;        /* (cluster->nodes) to be filled */
    bool *taken;         /* (cluster->nodes) */
    int count;           /* of ranks that have a node by now */
};

struct placement_ops {
    const char *name, *summary;
    const char *options; /* for `threadrack list placements` */
    /* Puts rank after rank (placing_put), at least placing->ranks of them; false and a message where the words
     * do not go with the cluster. Required. */
    bool (*place)(struct placing *placing, struct errors *errors);
};

extern const struct placement_ops *const placements[]; /* NULL at the end */

/* Only looks whether there is such a placement. */
bool placement_check(const char *words, const char *where, struct errors *errors);
/* Puts the ranks 0 to ranks - 1 onto the nodes of a cluster where each is on its own as yet. Ranks that a run
 * does not have get the nodes that are left. False and a message when the words do not fit the cluster. */
bool placement_apply(struct cluster *cluster, const char *words, int ranks, uint64_t seed, const char *where,
                     struct errors *errors);

/* ---- For members. ---- */

/* The next rank is on that node. */
void placing_put(struct placing *placing, int node);
/* The same of nodes first to last, as words or a file name them; false and a message where one is taken, or
 * where all ranks have theirs. `where` begins the message. */
bool placing_put_named(struct placing *placing, int first, int last, const char *where, struct errors *errors);
/* Reads the one option that the placement has, as a whole number within the range; false and a message where
 * the words are another. */
bool placing_option(const struct placing *placing, const char *name, uint64_t low, uint64_t high,
                    uint64_t *value, struct errors *errors);
/* False and a message unless all ranks have a node. */
bool placing_is_full(const struct placing *placing, struct errors *errors);

#endif
