/* The first half of the all-reduce over levels (../allreduce/hierarchical.c), with block i ending at member i: a
 * ring in each box, in which each member gathers the sums of the blocks of its like in all boxes, then a ring of the
 * likes. With two levels, b members a box and q boxes: (b-1)(alpha_1 + n/(b beta_1)) + (q-1)(alpha_2 + n/(b q
 * beta_2)). */
#include "../nested_blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    return nested_blocks_step(call, NESTED_SCATTER, 1, index, step);
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    return nested_blocks_piece(call, NESTED_SCATTER, 1, index, sent, i, range);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    return nested_blocks_round(call, NESTED_SCATTER, index, round);
}

const struct collective collective_reduce_scatter_hierarchical = {
    .operation = "reduce_scatter",
    .name = "hierarchical",
    .summary = "rings in each box, then of the boxes for each block, level by level",
    .options = "box levels",
    .schedule = {.name = "hierarchical reduce-scatter", .step = step, .round = round_of, .piece = piece},
    .closed_form_ps = nested_blocks_ps,
};
