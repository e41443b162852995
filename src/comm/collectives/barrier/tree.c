/* Up a binomial tree and down again with empty messages; 2 ceil(lg p) alpha. */
#include "../tree.h"

static int up_steps(const struct call *call)
{
    struct tree tree = tree_of(call);
    return tree.children + (tree.place > 0);
}

static bool step(const struct call *call, int index, struct step *step)
{
    struct call empty = *call;
    empty.count = 0;
    if (collective_reduce_binomial.schedule.step(&empty, index, step))
        return true;
    return collective_broadcast_binomial.schedule.step(&empty, index - up_steps(call), step);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    return tree_round(call, 0, index, round);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    (void)element_bytes;
    return 2 * (uint64_t)ceil_log2(call->size) * hockney_ps(path, 0);
}

const struct collective collective_barrier_tree = {
    .operation = "barrier",
    .name = "tree",
    .summary = "empty messages up a binomial tree and down again; 2 ceil(lg p) steps",
    .options = "",
    .schedule = {.name = "tree barrier", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
