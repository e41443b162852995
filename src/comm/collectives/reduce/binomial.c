/* The binomial tree, upwards: a member adds up its children's vectors and sends the sum to its
 * parent (Thakur, Rabenseifner, Gropp 2005, section 3.5); ceil(lg p)(alpha + n/beta). */
#include "../tree.h"

static bool step(const struct call *call, int index, struct step *step)
{
    struct tree tree = tree_of(call);
    if (index < tree.children)
        *step = (struct step){.send_to = -1,
                              .recv_from = member_at(call, tree.place + (1 << index)),
                              .recv = whole_of(call),
                              .reduce = true};
    else
        *step = (struct step){.send_to = member_at(call, tree_parent(&tree)),
                              .recv_from = -1,
                              .send = whole_of(call)};
    return index < tree.children + (tree.place > 0);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)ceil_log2(call->size) * block_ps(call->count, 1, element_bytes, path);
}

const struct collective collective_reduce_binomial = {
    .operation = "reduce",
    .name = "binomial",
    .summary = "whole vectors are added up a tree; ceil(lg p) steps",
    .options = "",
    .schedule = {.name = "binomial reduce", .step = step},
    .closed_form_ps = closed_form_ps,
};
