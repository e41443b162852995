#include "halves.h"

/* The blocks of `places` places from `begin` on. */
static struct share places_range(const struct call *call, const struct fold *fold, int begin,
                                 int places)
{
    int rest = call->size - fold->power, end = begin + places;
    int first = begin < rest ? 2 * begin : begin + rest, last = end < rest ? 2 * end : end + rest;
    return blocks_from(call, first, last - first);
}

int halves_steps(const struct call *call)
{
    struct fold fold = fold_of(call);
    return fold.place < 0 ? 2 : fold.rounds + (fold.folded ? 2 : 0);
}

/* An exchange of the folded member with its neighbour: at the beginning of a reduce-scatter the
 * whole vector goes to the odd one, and at the end the even one's block comes back. */
static struct step with_neighbour(const struct call *call, bool first)
{
    bool odd = call->rank % 2;
    struct share what = first ? whole_of(call) : blocks_from(call, call->rank & ~1, 1);
    int peer = call->rank ^ 1;
    if (odd == first)
        return (struct step){.send_to = -1, .recv_from = peer, .recv = what, .reduce = first};
    return (struct step){.send_to = peer, .recv_from = -1, .send = what};
}

bool halving_step(const struct call *call, int index, struct step *step)
{
    struct fold fold = fold_of(call);
    int steps = fold.place < 0 ? 2 : fold.rounds + (fold.folded ? 2 : 0);
    if (index >= steps)
        return false;
    if (fold.folded && (index == 0 || index == steps - 1)) {
        *step = with_neighbour(call, index == 0);
        return true;
    }
    int half = fold.power >> (index + (fold.folded ? 0 : 1));
    int kept = fold.place & ~(half - 1), given = kept ^ half;
    int partner = unfold(call, &fold, fold.place ^ half);
    *step = (struct step){.send_to = partner,
                          .recv_from = partner,
                          .send = places_range(call, &fold, given, half),
                          .recv = places_range(call, &fold, kept, half),
                          .reduce = true};
    return true;
}

struct round halves_round(int rounds, int halvings, bool halving)
{
    int half = halvings <= rounds ? 1 << (rounds - halvings) : 0;
    return (struct round){.pairing = ROUND_XOR,
                          .distance = half,
                          .parts = 1 << rounds,
                          .width = half,
                          .flip = halving ? half : 0,
                          .reduce = halving};
}

bool doubling_step(const struct call *call, int index, struct step *step)
{
    struct step forth;
    int steps = halves_steps(call);
    if (index >= steps || !halving_step(call, steps - 1 - index, &forth))
        return false;
    *step = (struct step){.send_to = forth.recv_from,
                          .recv_from = forth.send_to,
                          .send = forth.recv,
                          .recv = forth.send};
    return true;
}

uint64_t halving_ps(const struct call *call, size_t element_bytes, struct path path)
{
    int power = 1 << floor_log2(call->size), rest = call->size - power;
    uint64_t total = 0;
    for (int half = power / 2; half;
         half /= 2) /* the first place's, which has the largest ranges */
        total += blocks_ps(call, half < rest ? 2 * half : half + rest, element_bytes, path);
    if (rest)
        total +=
            block_ps(call->count, 1, element_bytes, path) + blocks_ps(call, 1, element_bytes, path);
    return total;
}
