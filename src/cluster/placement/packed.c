/* Rank i on node i: nodes are numbered box by box, so the axis that mesh.order has first lies inside a box. */
#include "threadrack/cluster/placement.h"

static bool place(struct placing *placing, struct errors *errors)
{
    if (*placing->options)
        return errors_add(errors, "%s: packed takes no options", placing->where);
    while (placing->count < placing->ranks)
        placing_put(placing, placing->count);
    return true;
}

const struct placement_ops placement_packed = {
    .name = "packed",
    .summary = "rank i on node i: chatty axes, the first of mesh.order, inside a box",
    .options = "",
    .place = place,
};
