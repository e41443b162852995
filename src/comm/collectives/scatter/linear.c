/* The root sends every member its block, one after the other; (p-1)(alpha + n/(p beta)). */
#include "../tree.h"

static bool step(const struct call *call, int index, struct step *step)
{
    if (call->rank == call->root) {
        if (index >= call->size - 1)
            return false;
        int to = member_at(call, index + 1);
        *step = (struct step){.send_to = to, .recv_from = -1, .send = blocks_from(call, to, 1)};
        return true;
    }
    *step = (struct step){
        .send_to = -1, .recv_from = call->root, .recv = blocks_from(call, call->rank, 1)};
    return index == 0;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)(call->size - 1) * blocks_ps(call, 1, element_bytes, path);
}

const struct collective collective_scatter_linear = {
    .operation = "scatter",
    .name = "linear",
    .summary = "the root sends each member its block; (p-1) messages from there",
    .options = "",
    .schedule = {.name = "linear scatter", .step = step},
    .closed_form_ps = closed_form_ps,
};
