/* A pipelined chain: the vector goes through all members in m chunks; (p - 2 + m)(alpha + n/(m
 * beta)). (Chan et al.: Collective communication: theory, practice, and experience, 2007,
 * section 4.) */
#include "../chain.h"

static bool step(const struct call *call, int index, struct step *step)
{
    int p = call->size, place = (call->rank - call->root + p) % p;
    return chain_step(call, place, (call->rank + p - 1) % p, (call->rank + 1) % p, index, step);
}

static uint64_t closed_form_ps(const struct call *call, size_t element_bytes, struct path path)
{
    return chain_ps(call, element_bytes, path);
}

const struct collective collective_broadcast_chain = {
    .operation = "broadcast",
    .name = "chain",
    .summary = "chunks go down a chain of all members; p - 2 + m steps of m chunks",
    .options = "chunk",
    .schedule = {.name = "pipelined-chain broadcast", .step = step},
    .closed_form_ps = closed_form_ps,
};
