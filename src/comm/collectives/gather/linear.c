/* Every member sends its block straight to the root, which takes them in its own order of places;
 * (p-1)(alpha + n/(p beta)). */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size;
    if (call->rank == call->root) {
        if (index >= p - 1)
            return false;
        int from = (call->root + 1 + index) % p;
        *step = (struct step){.send_to = -1, .recv_from = from, .recv = block_of(call, from)};
        return true;
    }
    *step =
        (struct step){.send_to = call->root, .recv_from = -1, .send = block_of(call, call->rank)};
    return index == 0;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)(call->size - 1) *
           block_ps(call->count, (size_t)call->size, element_bytes, path);
}

const struct collective collective_gather_linear = {
    .operation = "gather",
    .name = "linear",
    .summary = "each member sends its block straight to the root; (p-1) messages there",
    .options = "",
    .schedule = {.name = "linear gather", .step = step},
    .closed_form_ps = closed_form_ps,
};
