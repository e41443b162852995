/* Recursive halving, then recursive doubling (Rabenseifner: Optimization of collective reduction
 * operations, ICCS 2004): a reduce-scatter that halves the range at each of lg p rounds, and an
 * all-gather that goes the same way back. The ring's bytes in 2 lg p steps: the sum over
 * k = 1 .. lg p of 2(alpha + n/(2^k beta)); else two whole vectors more to fold the rest. */
#include "../halves.h"

/* Elements of `count` blocks from block `begin` on, of `power` blocks in all. */
static struct share blocks(const struct call *call, const struct fold *fold, int begin, int count)
{
    struct share first = share_of(call->count, (size_t)fold->power, (size_t)begin);
    struct share last = share_of(call->count, (size_t)fold->power, (size_t)(begin + count - 1));
    return (struct share){first.begin, last.begin + last.count - first.begin};
}

static bool step(const struct call *call, int index, struct step *step)
{
    struct fold fold = fold_of(call);
    if (fold_step(call, &fold, 2 * fold.rounds, &index, step))
        return true;
    if (index >= 2 * fold.rounds || fold.place < 0)
        return false;
    bool halving = index < fold.rounds;
    int round = halving ? index : 2 * fold.rounds - 1 - index;
    int half = fold.power >> (round + 1); /* blocks in what is kept, and the partner's distance */
    int kept = fold.place / half * half, given = kept ^ half;
    int partner = unfold(call, &fold, fold.place ^ half);
    struct share mine = blocks(call, &fold, kept, half), other = blocks(call, &fold, given, half);
    *step = (struct step){.send_to = partner,
                          .recv_from = partner,
                          .send = halving ? other : mine,
                          .recv = halving ? mine : other,
                          .reduce = halving};
    return true;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int rounds = floor_log2(call->size);
    if (fold_round(call, 2 * rounds, &index, round))
        return true;
    bool halving = index < rounds;
    *round = halves_round(rounds, halving ? index + 1 : 2 * rounds - index, halving);
    round->folded = !is_power_of_two(call->size);
    return index < 2 * rounds;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    int rounds = floor_log2(call->size);
    uint64_t total = 0;
    for (int round = 1; round <= rounds; round++) {
        size_t blocks_kept = (size_t)1 << (rounds - round);
        size_t block = (call->count + ((size_t)1 << rounds) - 1) >> rounds;
        size_t half = block * blocks_kept < call->count ? block * blocks_kept : call->count;
        total += 2 * hockney_ps(path, half * element_bytes);
    }
    bool power = (call->size & (call->size - 1)) == 0;
    return total + (power ? 0 : 2 * block_ps(call->count, 1, element_bytes, path));
}

const struct collective collective_allreduce_halving_doubling = {
    .operation = "allreduce",
    .name = "halving_doubling",
    .summary =
        "recursive halving, then doubling (also: rabenseifner); the ring's bytes in 2 lg p steps",
    .options = "",
    .schedule = {.name = "halving-doubling allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
