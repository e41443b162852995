/* The binomial tree: in round k the 2^k members that have the vector send it at distance 2^k;
 * ceil(lg p)(alpha + n/beta). */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, place = (call->rank - call->root + p) % p;
    if (place > 0 && index == 0) {
        int from = place - (1 << floor_log2(place));
        *step = (struct step){
            .send_to = -1, .recv_from = (from + call->root) % p, .recv = whole_of(call)};
        return true;
    }
    int round = place > 0 ? floor_log2(place) + index : index;
    int to = place + (1 << round);
    if (to >= p)
        return false;
    *step =
        (struct step){.send_to = (to + call->root) % p, .recv_from = -1, .send = whole_of(call)};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)ceil_log2(call->size) * block_ps(call->count, 1, element_bytes, path);
}

const struct collective collective_broadcast_binomial = {
    .operation = "broadcast",
    .name = "binomial",
    .summary = "those who have it send it on, twice as many each round; ceil(lg p) steps",
    .options = "",
    .schedule = {.name = "binomial broadcast", .step = step},
    .closed_form_ps = closed_form_ps,
};
