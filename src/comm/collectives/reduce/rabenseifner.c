/* Rabenseifner's (2004): a reduce-scatter by recursive halving, then a gather up a binomial tree:
 * 2 lg p alpha + 2 n (p-1)/(p beta) where p is a power of two. Where it is none, members end their
 * halving at different times, and the sum of the two parts' forms is an upper bound. */
#include "../halves.h"
#include "../tree.h"

static bool step(const struct call *call, int index, struct step *step)
{
    if (halving_step(call, index, step))
        return true;
    return tree_step(call, true, index - halves_steps(call), step);
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    int halving = halves_steps(call);
    if (index >= halving)
        return tree_piece(call, true, index - halving, sent, i, range);
    struct step step;
    halving_step(call, index, &step);
    bool there = (sent ? step.send_to : step.recv_from) >= 0;
    *range = sent ? step.send : step.recv;
    return there && i == 0;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return halving_ps(call, element_bytes, path) + tree_ps(call, element_bytes, path);
}

const struct collective collective_reduce_rabenseifner = {
    .operation = "reduce",
    .name = "rabenseifner",
    .summary = "recursive halving, then a gather up a tree; for long vectors",
    .options = "",
    .schedule = {.name = "rabenseifner reduce", .step = step, .piece = piece},
    .closed_form_ps = closed_form_ps,
};
