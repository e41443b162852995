/* Pairwise exchange (Thakur, Rabenseifner, Gropp 2005, section 3.3.2): in step i each member sends
 * the member i ahead that one's block and adds up its own; (p-1)(alpha + n/(p beta)). */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, r = call->rank, distance = index + 1;
    if (distance >= p)
        return false;
    int to = r + distance < p ? r + distance : r + distance - p;
    *step = (struct step){.send_to = to,
                          .recv_from = r >= distance ? r - distance : r - distance + p,
                          .send = blocks_from(call, to, 1),
                          .recv = blocks_from(call, r, 1),
                          .reduce = true};
    return true;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int distance = index + 1;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = distance,
                            .parts = call->size,
                            .width = 1,
                            .first = distance,
                            .reduce = true};
    return distance < call->size;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)(call->size - 1) * blocks_ps(call, 1, element_bytes, path);
}

const struct collective collective_reduce_scatter_pairwise = {
    .operation = "reduce_scatter",
    .name = "pairwise",
    .summary = "each pair of members exchanges its two blocks; (p-1) steps of n/p",
    .options = "",
    .schedule = {.name = "pairwise reduce-scatter", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
