/* The ring: a block gathers its sum on the way round, and ends at its owner;
 * (p-1)(alpha + n/(p beta)). */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, r = call->rank;
    if (index >= p - 1)
        return false;
    *step = (struct step){.send_to = (r + 1) % p,
                          .recv_from = (r + p - 1) % p,
                          .send = block_of(call, r - 1 - index),
                          .recv = block_of(call, r - 2 - index),
                          .reduce = true};
    return true;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int p = call->size;
    if (index >= p - 1)
        return false;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = 1,
                            .parts = p,
                            .width = 1,
                            .first = (2 * p - 1 - index) % p,
                            .reduce = true};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)(call->size - 1) *
           block_ps(call->count, (size_t)call->size, element_bytes, path);
}

const struct collective collective_reduce_scatter_ring = {
    .operation = "reduce_scatter",
    .name = "ring",
    .summary = "sums travel round a ring to their owners; (p-1) steps of n/p",
    .options = "",
    .schedule = {.name = "ring reduce-scatter", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
