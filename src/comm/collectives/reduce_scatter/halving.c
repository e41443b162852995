/* Recursive halving (Thakur, Rabenseifner, Gropp 2005, section 3.3.1): with each round the range
 * that a member still adds up halves. The sum over k = 1 .. lg p of (alpha + n/(2^k beta)); where p
 * is no power of two, whole vectors are folded first and a block is given back last. */
#include "../halves.h"

static bool step(const struct call *call, int index, struct step *step)
{
    return halving_step(call, index, step);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int rounds = floor_log2(call->size);
    *round = halves_round(rounds, index + 1, true);
    return is_power_of_two(call->size) && index < rounds;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return halving_ps(call, element_bytes, path);
}

const struct collective collective_reduce_scatter_halving = {
    .operation = "reduce_scatter",
    .name = "halving",
    .summary = "recursive halving; lg p steps, whole vectors folded where p is no power of two",
    .options = "",
    .schedule = {.name = "halving reduce-scatter", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
