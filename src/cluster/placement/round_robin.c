/* Rank after rank to the next box, as many a batch system deals out its tasks (Slurm's cyclic): neighbours on
 * the chattiest axis never share a box, unless it is the only one. */
#include "threadrack/cluster/placement.h"
#include "threadrack/cluster/topology.h"

#include <limits.h>

static bool find_box(const struct placing *placing, int *box, struct errors *errors)
{
    int sizes[CLUSTER_LEVELS_MOST] = {0}, levels = cluster_nesting(placing->cluster, sizes);
    uint64_t given;
    if (*placing->options) {
        bool good = placing_option(placing, "box", 1, INT_MAX, &given, errors);
        *box = (int)given;
        return good;
    }
    *box = sizes[0];
    return levels > 1 || errors_add(errors, "%s: topology %s has no boxes: give round_robin:box=4, say, or a "
                                            "cluster such as boxes-of-8",
                                    placing->where, placing->cluster->topology->name);
}

static bool place(struct placing *placing, struct errors *errors)
{
    int box, nodes = placing->cluster->nodes;
    if (!find_box(placing, &box, errors))
        return false;
    for (int place = 0; place < box && place < nodes; place++)
        for (int node = place; node < nodes; node += box)
            placing_put(placing, node);
    return true;
}

const struct placement_ops placement_round_robin = {
    .name = "round_robin",
    .summary = "rank after rank to the next box: chatty axes across boxes",
    .options = "box=4 (nodes of a box; unset: as the cluster's topology has it)",
    .place = place,
};
