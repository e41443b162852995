/* Chunks up two binary trees at once to member 0, then down again: about
 * 2 (2 lg p + m)(alpha + n/(m beta)), m chunks. (See ../double_tree.h.) */
#include "../double_tree.h"

static bool step(const struct call *call, int index, struct step *step)
{
    if (double_tree_up(call, index, step))
        return true;
    return double_tree_down(call, index - double_tree_steps(call), step);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return 2 * double_tree_ps(call, element_bytes, path);
}

const struct collective collective_allreduce_double_tree = {
    .operation = "allreduce",
    .name = "double_tree",
    .summary = "chunks up two binary trees at once and down again; about 2(2 lg p + m) steps",
    .options = "chunk",
    .schedule = {.name = "double-tree allreduce", .step = step},
    .closed_form_ps = closed_form_ps,
};
