/* On a torus, every dimension at once: the vector is cut into as many shares as there are
 * dimensions, each with a strand of its own. Each is all-reduced ring in ring (../nested.h), the
 * first along the rows and then the columns, the second along the columns and then the rows; with
 * more dimensions, each begins with another one (Sack and Gropp: Collective algorithms for
 * multiported torus networks, 2015; Ying et al.: Image classification at supercomputer scale,
 * 2018). Where all have the same length no two strands ever use one dimension at once: sum over k
 * of 2(d - 1)(alpha + n/(D d^k beta)) for D dimensions. */
#include "../nested_blocks.h"

static bool step(const struct call *call, int index, struct step *step)
{
    struct nest nest = nest_of(call, call->strand);
    struct share part = share_of(call->count, (size_t)nest.count, (size_t)call->strand);
    if (!nest_step(call, &nest, part, index, step))
        return false;
    step->to_strand = call->strand;
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return 2 * nested_strands_ps(call, element_bytes, path);
}

const struct collective collective_allreduce_torus2d = {
    .operation = "allreduce",
    .name = "torus2d",
    .summary = "rings along every dimension of a torus at once, each with a share of the vector",
    .options = "rows levels",
    .schedule = {.name = "torus allreduce", .step = step, .strands = nested_strands},
    .closed_form_ps = closed_form_ps,
};
