/* On a torus, every dimension at once: the vector is cut into as many shares as there are
 * dimensions, each with a strand of its own. Each is all-reduced ring in ring (../nested.h), the
 * first along the rows and then the columns, the second along the columns and then the rows; with
 * more dimensions, each begins with another one (Sack and Gropp: Collective algorithms for
 * multiported torus networks, 2015; Ying et al.: Image classification at supercomputer scale,
 * 2018). Where all have the same length no two strands ever use one dimension at once: sum over k
 * of 2(d - 1)(alpha + n/(D d^k beta)) for D dimensions. */
#include "../nested.h"

static int strands(const struct call *call)
{
    return nest_of(call, 0).count;
}

static bool step(const struct call *call, int index, struct step *step)
{
    struct nest nest = nest_of(call, call->strand);
    struct share part = share_of(call->count, (size_t)nest.count, (size_t)call->strand);
    if (!nest_step(call, &nest, part, index, step))
        return false;
    step->to_strand = call->strand;
    return true;
}

/* Where each dimension has links and ports of its own: of the slowest strand. */
static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    uint64_t most = 0;
    int count = strands(call);
    for (int strand = 0; strand < count; strand++) {
        struct nest nest = nest_of(call, strand);
        size_t part = (call->count + (size_t)count - 1) / (size_t)count;
        uint64_t own = 2 * nest_ps(&nest, part, element_bytes, path);
        most = own > most ? own : most;
    }
    return most;
}

const struct collective collective_allreduce_torus2d = {
    .operation = "allreduce",
    .name = "torus2d",
    .summary = "rings along every dimension of a torus at once, each with a share of the vector",
    .options = "rows levels",
    .schedule = {.name = "torus allreduce", .step = step, .strands = strands},
    .closed_form_ps = closed_form_ps,
};
