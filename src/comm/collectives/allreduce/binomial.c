/* A reduce up a binomial tree to member 0, then a broadcast down one; 2 ceil(lg p)(alpha + n/beta).
 */
#include "../tree.h"

static int up_steps(const struct call *call)
{
    struct tree tree = tree_of(call);
    return tree.children + (tree.place > 0);
}

static bool step(const struct call *call, int index, struct step *step)
{
    if (collective_reduce_binomial.schedule.step(call, index, step))
        return true;
    return collective_broadcast_binomial.schedule.step(call, index - up_steps(call), step);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    return tree_round(call, call->count, index, round);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return 2 * (uint64_t)ceil_log2(call->size) * block_ps(call->count, 1, element_bytes, path);
}

const struct collective collective_allreduce_binomial = {
    .operation = "allreduce",
    .name = "binomial",
    .summary = "whole vectors up a binomial tree and down again; 2 ceil(lg p) steps",
    .options = "",
    .schedule = {.name = "binomial allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
