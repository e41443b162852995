/* Van de Geijn's: a scatter down a binomial tree, then an all-gather round the ring (Thakur,
 * Rabenseifner, Gropp 2005, section 3.4; Chan et al. 2007):
 * (ceil(lg p) + p - 1) alpha + 2 n (p-1)/(p beta). */
#include "../tree.h"

static int scatter_steps(const struct call *call)
{
    struct tree tree = tree_of(call);
    return tree.children + (tree.place > 0);
}

static bool step(const struct call *call, int index, struct step *step)
{
    if (tree_step(call, false, index, step))
        return true;
    return collective_allgather_ring.schedule.step(call, index - scatter_steps(call), step);
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    int scatter = scatter_steps(call);
    if (index < scatter)
        return tree_piece(call, false, index, sent, i, range);
    struct step step;
    collective_allgather_ring.schedule.step(call, index - scatter, &step);
    *range = sent ? step.send : step.recv;
    return i == 0;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return tree_ps(call, element_bytes, path) +
           (uint64_t)(call->size - 1) * blocks_ps(call, 1, element_bytes, path);
}

const struct collective collective_broadcast_scatter_allgather = {
    .operation = "broadcast",
    .name = "scatter_allgather",
    .summary =
        "a scatter down a tree, then an all-gather round a ring (van de Geijn); for long vectors",
    .options = "",
    .schedule = {.name = "scatter-allgather broadcast", .step = step, .piece = piece},
    .closed_form_ps = closed_form_ps,
};
