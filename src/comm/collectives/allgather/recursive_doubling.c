/* Recursive doubling (Thakur, Rabenseifner, Gropp 2005, section 3.1): recursive halving backwards.
 * The sum over k = 1 .. lg p of (alpha + n/(2^k beta)); where p is no power of two, the members
 * that are too many give their block to a neighbour first and are sent the whole vector last. */
#include "../halves.h"

static bool step(const struct call *call, int index, struct step *step)
{
    return doubling_step(call, index, step);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    int rounds = floor_log2(call->size);
    *round = halves_round(rounds, rounds - index, false);
    return is_power_of_two(call->size) && index < rounds;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return halving_ps(call, element_bytes, path);
}

const struct collective collective_allgather_recursive_doubling = {
    .operation = "allgather",
    .name = "recursive_doubling",
    .summary = "exchange all that is held at distances 1, 2, 4, ...; lg p steps",
    .options = "",
    .schedule = {.name = "recursive-doubling allgather", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
