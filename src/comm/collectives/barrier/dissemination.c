/* Dissemination (Hensgen, Finkel, Manber 1988): in round k a word to the member 2^k ahead and one
 * from 2^k behind; ceil(lg p) alpha. */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, r = call->rank;
    if (index >= ceil_log2(p))
        return false;
    int distance = 1 << index;
    *step = (struct step){.send_to = (r + distance) % p, .recv_from = (r - distance + p) % p};
    return true;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    if (index >= ceil_log2(call->size))
        return false;
    *round = (struct round){.pairing = ROUND_SHIFT, .distance = 1 << index};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    (void)element_bytes;
    return (uint64_t)ceil_log2(call->size) * hockney_ps(path, 0);
}

const struct collective collective_barrier_dissemination = {
    .operation = "barrier",
    .name = "dissemination",
    .summary = "empty messages at distances 1, 2, 4, ...; ceil(lg p) steps",
    .options = "",
    .schedule = {.name = "dissemination barrier", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
