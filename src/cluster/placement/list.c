/* The nodes of rank 0, 1, ..., as they are given. */
#include "../node_range.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/placement.h"

#include <stdlib.h>
#include <string.h>

static bool put_piece(struct placing *placing, const char *piece, struct errors *errors)
{
    int first, last;
    const char *at = piece;
    if (!node_range(&at, placing->cluster->nodes, &first, &last) || *at)
        return errors_add(errors, "%s: '%s': expected nodes from 0 to %d such as 5 or 0:3, joined by '+'",
                          placing->where, piece, placing->cluster->nodes - 1);
    return placing_put_named(placing, first, last, placing->where, errors);
}

static bool place(struct placing *placing, struct errors *errors)
{
    char *copy = memory_text("%s", placing->options), *rest = copy, *piece;
    bool good = true;
    while (good && (piece = strsep(&rest, "+")))
        good = put_piece(placing, piece, errors);
    free(copy);
    return good && placing_is_full(placing, errors);
}

const struct placement_ops placement_list = {
    .name = "list",
    .summary = "the nodes of rank 0, 1, ..., as they are given",
    .options = "list:4:7+0:3",
    .place = place,
};
