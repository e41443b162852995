/* Over levels, boxes in boxes: a reduce-scatter round a ring in each box, the same of what is left
 * among the boxes of the next level, and so on; then all-gathers back. With two levels, b members a
 * box and q boxes: 2(b-1)(alpha_1 + n/(b beta_1)) + 2(q-1)(alpha_2 + n/(b q beta_2)). (NCCL's and
 * Blink's hierarchies; Wang et al.: Blink, MLSys 2020.) On a torus, with a row for a box, it is the
 * two-dimensional ring of Mikami et al. (Massively distributed SGD: ImageNet/ResNet-50 training in
 * a flash, 2018), one dimension after the other; `torus2d` uses all at once. */
#include "../nested.h"

static bool step(const struct call *call, int index, struct step *step)
{
    struct nest nest = nest_of(call, 0);
    return nest_step(call, &nest, whole_of(call), index, step);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    struct nest nest = nest_of(call, 0);
    int half = nest_half(&nest);
    bool reduce = index < half;
    return nest_round(call, &nest, reduce ? index : 2 * half - 1 - index, reduce, round);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    struct nest nest = nest_of(call, 0);
    return 2 * nest_ps(&nest, call->count, element_bytes, path);
}

const struct collective collective_allreduce_hierarchical = {
    .operation = "allreduce",
    .name = "hierarchical",
    .summary = "rings in each box, and of the boxes for each block, level by level",
    .options = "box levels",
    .schedule = {.name = "hierarchical allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
