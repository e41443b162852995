/* The ring: reduce-scatter, then all-gather, each p-1 steps with a block of n/p (Patarasuk and
 * Yuan: Bandwidth optimal all-reduce algorithms for clusters of workstations, JPDC 2009). Moves the
 * fewest bytes possible, 2n(p-1)/p a member, in the most steps: 2(p-1)(alpha + n/(p beta)). The blocks
 * are those of the ring reduce-scatter and the ring all-gather, so that sums have the same bits. */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, r = call->rank;
    if (index >= 2 * (p - 1))
        return false;
    int block = r - 1 - index;
    *step = (struct step){.send_to = (r + 1) % p,
                          .recv_from = (r + p - 1) % p,
                          .send = block_of(call, block),
                          .recv = block_of(call, block - 1),
                          .reduce = index < p - 1};
    return true;
}

/* A block is r - 1 - index in both halves, since r - (index - (p-1)) is that, modulo p. */
static bool round_of(const struct call *call, int index, struct round *round)
{
    int p = call->size;
    if (index >= 2 * (p - 1))
        return false;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = 1,
                            .parts = p,
                            .width = 1,
                            .first = (2 * p - 1 - index) % p,
                            .reduce = index < p - 1};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return 2 * (uint64_t)(call->size - 1) *
           block_ps(call->count, (size_t)call->size, element_bytes, path);
}

const struct collective collective_allreduce_ring = {
    .operation = "allreduce",
    .name = "ring",
    .summary = "reduce-scatter and all-gather round a ring; fewest bytes, 2(p-1) steps",
    .options = "",
    .schedule = {.name = "ring allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
