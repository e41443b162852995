/* Recursive doubling: in round k members at distance 2^k exchange whole vectors and add (Thakur,
 * Rabenseifner, Gropp 2005, section 4.1). Fewest steps: lg p (alpha + n/beta) for a power of two;
 * else two rounds more to fold the rest: floor(lg p) + 2. */
#include "../blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    struct fold fold = fold_of(call);
    if (fold_step(call, &fold, fold.rounds, &index, step))
        return true;
    if (index >= fold.rounds || fold.place < 0)
        return false;
    int partner = unfold(call, &fold, fold.place ^ 1 << index);
    *step = (struct step){.send_to = partner,
                          .recv_from = partner,
                          .send = whole_of(call),
                          .recv = whole_of(call),
                          .reduce = true};
    return true;
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int rounds = floor_log2(call->size);
    if (fold_round(call, rounds, &index, round))
        return true;
    if (index >= rounds)
        return false;
    *round = (struct round){.pairing = ROUND_XOR,
                            .distance = 1 << index,
                            .elements = call->count,
                            .reduce = true,
                            .folded = !is_power_of_two(call->size)};
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    bool power = (call->size & (call->size - 1)) == 0;
    uint64_t rounds = (uint64_t)floor_log2(call->size) + (power ? 0 : 2);
    return rounds * block_ps(call->count, 1, element_bytes, path);
}

const struct collective collective_allreduce_recursive_doubling = {
    .operation = "allreduce",
    .name = "recursive_doubling",
    .summary = "exchange whole vectors at distances 1, 2, 4, ...; fewest steps, for short vectors",
    .options = "",
    .schedule = {.name = "recursive-doubling allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
