/* Down a binomial tree: a message holds the blocks of a whole subtree (Chan et al. 2007, section 3;
 * MPICH). ceil(lg p) alpha + n (p-1)/(p beta). */
#include "../tree.h"

static bool step(const struct call *call, int index, struct step *step)
{
    return tree_step(call, false, index, step);
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    return tree_piece(call, false, index, sent, i, range);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return tree_ps(call, element_bytes, path);
}

const struct collective collective_scatter_binomial = {
    .operation = "scatter",
    .name = "binomial",
    .summary = "blocks go down a tree, a subtree's in one message; ceil(lg p) steps",
    .options = "",
    .schedule = {.name = "binomial scatter", .step = step, .piece = piece},
    .closed_form_ps = closed_form_ps,
};
