/* A pipelined chain towards the root: (p - 2 + m)(alpha + n/(m beta)), m chunks. */
#include "../chain.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, place = (call->root - call->rank - 1 + p) % p;
    if (!chain_step(call, place, (call->rank + 1) % p, (call->rank + p - 1) % p, index, step))
        return false;
    step->reduce = step->recv_from >= 0;
    return true;
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return chain_ps(call, element_bytes, path);
}

const struct collective collective_reduce_chain = {
    .operation = "reduce",
    .name = "chain",
    .summary = "chunks are added up along a chain of all members; p - 2 + m steps of m chunks",
    .options = "chunk",
    .schedule = {.name = "pipelined-chain reduce", .step = step},
    .closed_form_ps = closed_form_ps,
};
