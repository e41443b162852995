/* Bruck et al. 1997: a block that has d places to go travels by d's binary digits; in round k all
 * blocks with bit k go 2^k ahead together. ceil(lg p) steps with about half the vector each:
 * the sum over k of (alpha + n_k n/(p beta)), n_k the numbers below p with bit k. The blocks lie in
 * the scratch by d meanwhile. */
#include "../blocks.h"

static int rounds_of(const struct call *call)
{
    return ceil_log2(call->size);
}

/* How many numbers below p have the bit. */
static int with_bit(int p, int bit)
{
    int period = 2 << bit, half = 1 << bit, rest = p % period;
    return p / period * half + (rest > half ? rest - half : 0);
}

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, r = call->rank, rounds = rounds_of(call), bit = index - 1;
    if (index >= rounds + 2)
        return false;
    size_t block = even_block(call), all = block * (size_t)p;
    *step = (struct step){.send_to = -1, .recv_from = -1, .send = {0, all}, .recv = {0, all}};
    if (bit < 0 || bit >= rounds)
        return true;
    int distance = 1 << bit;
    step->send_to = r + distance < p ? r + distance : r + distance - p;
    step->recv_from = r >= distance ? r - distance : r - distance + p;
    step->send.count = step->recv.count = block * (size_t)with_bit(p, bit);
    return true;
}

/* The i-th number that has the bit. */
static int number_with(int i, int bit)
{
    int low = i & ((1 << bit) - 1);
    return (i >> bit) << (bit + 1) | 1 << bit | low;
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    int p = call->size, r = call->rank, rounds = rounds_of(call), bit = index - 1;
    size_t block = even_block(call);
    bool leaves = index == 0, comes_home = index == rounds + 1;
    int d = leaves || comes_home ? i : number_with(i, bit);
    int place = leaves ? (r + d) % p : (r - d + p) % p;
    bool in_vector = (leaves && sent) || (comes_home && !sent);
    *range =
        (struct share){in_vector ? (size_t)place * block : call->count + (size_t)d * block, block};
    return d < p;
}

static size_t scratch(const struct call *call)
{
    return even_block(call) * (size_t)call->size;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    if (index >= rounds_of(call))
        return false;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = 1 << index,
                            .elements = even_block(call) * (size_t)with_bit(call->size, index)};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    uint64_t total = 0;
    for (int bit = 0; bit < rounds_of(call); bit++)
        total +=
            hockney_ps(path, even_block(call) * (size_t)with_bit(call->size, bit) * element_bytes);
    return total;
}

const struct collective collective_alltoall_bruck = {
    .operation = "alltoall",
    .name = "bruck",
    .summary =
        "blocks travel by the binary digits of their way; ceil(lg p) steps, for short blocks",
    .options = "",
    .schedule = {.name = "bruck alltoall",
                 .step = step,
                 .round = round_of,
                 .piece = piece,
                 .scratch = scratch},
    .closed_form_ps = closed_form_ps,
};
