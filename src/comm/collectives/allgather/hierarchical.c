/* The second half of the all-reduce over levels (../allreduce/hierarchical.c), from block i at member i: a ring of
 * those who are alike in their boxes, then a ring in each box, in which each passes on what its likes have. With two
 * levels, b members a box and q boxes: (q-1)(alpha_2 + n/(b q beta_2)) + (b-1)(alpha_1 + n/(b beta_1)). */
#include "../nested_blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    return nested_blocks_step(call, NESTED_GATHER, 1, index, step);
}

static bool piece(const struct call *call, int index, bool sent, int i, struct share *range)
{
    return nested_blocks_piece(call, NESTED_GATHER, 1, index, sent, i, range);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    return nested_blocks_round(call, NESTED_GATHER, index, round);
}

const struct collective collective_allgather_hierarchical = {
    .operation = "allgather",
    .name = "hierarchical",
    .summary = "rings of the boxes for each block, then in each box, level by level",
    .options = "box levels",
    .schedule = {.name = "hierarchical allgather", .step = step, .round = round_of, .piece = piece},
    .closed_form_ps = nested_blocks_ps,
};
