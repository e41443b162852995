/* A pipelined chain to member 0, then one back, which begins when the last sum has come:
 * 2 (p - 2 + m)(alpha + n/(m beta)), m chunks. Few bytes a link, and nothing but neighbours talk.
 */
#include "../chain.h"

static int up_steps(const struct call *call)
{
    int chunks = chunks_of(call);
    bool end = call->rank == 0 || call->rank == call->size - 1;
    return call->size == 1 ? 0 : chunks + !end;
}

static bool step(const struct call *call, int index, struct step *step)
{
    if (collective_reduce_chain.schedule.step(call, index, step))
        return true;
    return collective_broadcast_chain.schedule.step(call, index - up_steps(call), step);
}

static bool round_of(const struct call *call, int index, struct round *round)
{
    return chain_round(call, true, index, round) ||
           chain_round(call, false, index - (call->size - 2 + chunks_of(call)), round);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return 2 * chain_ps(call, element_bytes, path);
}

const struct collective collective_allreduce_chain = {
    .operation = "allreduce",
    .name = "chain",
    .summary = "chunks along a chain of all members and back; 2(p - 2 + m) steps of m chunks",
    .options = "chunk",
    .schedule = {.name = "pipelined-chain allreduce", .step = step, .round = round_of},
    .closed_form_ps = closed_form_ps,
};
