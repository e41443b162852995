/* Bruck et al. (Efficient algorithms for all-to-all communications in multiport message-passing
 * systems, 1997): in round k each member sends the 2^k blocks that it holds to the member 2^k
 * behind; in the last, only those that are missing. ceil(lg p) alpha + n (p-1)/(p beta) for every
 * p. Blocks lie in their places from the start, so that nothing has to be turned at the end. */
#include "../blocks.h"

/* Blocks that are sent in a round. */
static int held(const struct call *call, int round)
{
    int rest = call->size - (1 << round);
    return rest < 1 << round ? rest : 1 << round;
}

static int around(const struct call *call, int member)
{
    return member < 0 ? member + call->size : member < call->size ? member : member - call->size;
}

static bool step(const struct call *call, int index, struct step *step)
{
    int distance = 1 << index;
    if (distance >= call->size)
        return false;
    int ahead = around(call, call->rank + distance), blocks = held(call, index);
    *step = (struct step){.send_to = around(call, call->rank - distance),
                          .recv_from = ahead,
                          .send = {0, cyclic_count(call, call->rank, blocks)},
                          .recv = {0, cyclic_count(call, ahead, blocks)}};
    return true;
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    int first = sent ? call->rank : around(call, call->rank + (1 << index));
    return cyclic_piece(call, first, held(call, index), i, range);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int p = call->size;
    if (1 << index >= p)
        return false;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = p - (1 << index),
                            .elements = call->count / (size_t)p * (size_t)held(call, index),
                            .as_steps = call->count % (size_t)p};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    uint64_t total = 0;
    for (int round = 0; 1 << round < call->size; round++)
        total += blocks_ps(call, held(call, round), element_bytes, path);
    return total;
}

const struct collective collective_allgather_bruck = {
    .operation = "allgather",
    .name = "bruck",
    .summary = "all that is held goes 1, 2, 4, ... places back; ceil(lg p) steps for every p",
    .options = "",
    .schedule = {.name = "bruck allgather", .step = step, .round = round_of, .piece = piece},
    .closed_form_ps = closed_form_ps,
};
