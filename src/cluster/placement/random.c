/* A permutation of the nodes by the seed (Fisher, Yates). */
#include "threadrack/base/philox.h"
#include "threadrack/cluster/placement.h"

static bool place(struct placing *placing, struct errors *errors)
{
    struct draw draw = {.seed = placing->seed, .purpose = PURPOSE_PLACEMENT};
    if (*placing->options && !placing_option(placing, "seed", 0, UINT64_MAX, &draw.seed, errors))
        return false;
    while (placing->count < placing->cluster->nodes)
        placing_put(placing, placing->count);
    for (int left = placing->count; left > 1; left--) {
        int chosen = (int)draw_below(draw, (uint64_t)left, (uint32_t)left), last = placing->node_of[left - 1];
        placing->node_of[left - 1] = placing->node_of[chosen];
        placing->node_of[chosen] = last;
    }
    return true;
}

const struct placement_ops placement_random = {
    .name = "random",
    .summary = "ranks over all nodes of the cluster at random",
    .options = "seed=7 (unset: the run's seed; 1 in a bench)",
    .place = place,
};
