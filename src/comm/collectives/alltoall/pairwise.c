/* Pairwise exchange (Thakur, Rabenseifner, Gropp 2005, section 3.2): in step i each member sends to
 * the one i ahead and receives from the one i behind; (p-1)(alpha + n/(p beta)). What comes in
 * waits in the scratch, since its place is still to be sent from. */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, r = call->rank, distance = index + 1;
    size_t block = even_block(call);
    if (distance > p || p == 1)
        return false;
    if (distance == p) {
        size_t all = block * (size_t)(p - 1);
        *step = (struct step){.send_to = -1, .recv_from = -1, .send = {0, all}, .recv = {0, all}};
        return true;
    }
    int to = r + distance < p ? r + distance : r + distance - p;
    int from = r >= distance ? r - distance : r - distance + p;
    *step = (struct step){.send_to = to,
                          .recv_from = from,
                          .send = {(size_t)to * block, block},
                          .recv = {call->count + (size_t)from * block, block}};
    return true;
}

/* Only the last step, in which the scratch's blocks go home, has more than one range: those before
 * the member's own block, and those behind. */
static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    size_t block = even_block(call), p = (size_t)call->size, r = (size_t)call->rank;
    if (index < call->size - 1) {
        struct step one;
        step(call, index, &one);
        *range = sent ? one.send : one.recv;
        return i == 0;
    }
    size_t base = sent ? call->count : 0;
    *range = i == 0 ? (struct share){base, r * block}
                    : (struct share){base + (r + 1) * block, (p - 1 - r) * block};
    return i < 2;
}

static size_t scratch(const struct call *call)
{
    return even_block(call) * (size_t)call->size;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    *round = (struct round){
        .pairing = ROUND_SHIFT, .distance = index + 1, .elements = even_block(call)};
    return round->distance < call->size;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return (uint64_t)(call->size - 1) * hockney_ps(path, even_block(call) * element_bytes);
}

const struct collective collective_alltoall_pairwise = {
    .operation = "alltoall",
    .name = "pairwise",
    .summary = "each pair of members exchanges its two blocks; (p-1) steps of n/p",
    .options = "",
    .schedule = {.name = "pairwise alltoall",
                 .step = step,
                 .round = round_of,
                 .piece = piece,
                 .scratch = scratch},
    .closed_form_ps = closed_form_ps,
};
