/* On a torus, every dimension at once: the first half of ../allreduce/torus2d.c, with block i ending at member i. Each
 * dimension's strand has a share of every block: of D dimensions of length d, the sum over k of
 * (d - 1)(alpha + n/(D d^k beta)). */
#include "../nested_blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    return nested_blocks_step(call, NESTED_SCATTER, nested_strands(call), index, step);
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    return nested_blocks_piece(call, NESTED_SCATTER, nested_strands(call), index, sent, i, range);
}

const struct collective collective_reduce_scatter_torus2d = {
    .operation = "reduce_scatter",
    .name = "torus2d",
    .summary = "rings along every dimension of a torus at once, each with a share of every block",
    .options = "rows levels",
    .schedule = {.name = "torus reduce-scatter", .step = step, .piece = piece, .strands = nested_strands},
    .closed_form_ps = nested_strands_ps,
};
