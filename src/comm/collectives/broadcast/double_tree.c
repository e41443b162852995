/* Chunks down two binary trees at once, in which every member but the root is a leaf of at least
 * one; about (2 lg p + m)(alpha + n/(m beta)), m chunks. (See ../double_tree.h.) */
#include "../double_tree.h"

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return double_tree_ps(call, element_bytes, path);
}

const struct collective collective_broadcast_double_tree = {
    .operation = "broadcast",
    .name = "double_tree",
    .summary = "chunks go down two binary trees at once; about 2 lg p + m steps of m chunks",
    .options = "chunk",
    .schedule = {.name = "double-tree broadcast", .step = double_tree_down},
    .closed_form_ps = closed_form_ps,
};
