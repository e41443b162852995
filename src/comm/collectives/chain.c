#include "chain.h"

static struct share chunk_of(const struct call *call, int chunks, int i)
{
    return share_of(call->count, (size_t)chunks, (size_t)i);
}

bool chain_step(const struct call *call, int place, int before, int behind, int index,
                struct step *step)
{
    int chunks = chunks_of(call);
    bool first = place == 0, last = place == call->size - 1;
    if (index >= chunks + (!first && !last) || (first && last))
        return false;
    *step = (struct step){.send_to = -1, .recv_from = -1};
    if (!first && index < chunks) {
        step->recv_from = before;
        step->recv = chunk_of(call, chunks, index);
    }
    int sent = first ? index : index - 1;
    if (!last && sent >= 0) {
        step->send_to = behind;
        step->send = chunk_of(call, chunks, sent);
    }
    return true;
}

/* In round i chunk c leaves place i - c. */
bool chain_round(const struct call *call, bool up, int index, struct round *round)
{
    int last = call->size - 1, chunks = chunks_of(call);
    int nearest = index < chunks ? 0 : index - chunks + 1, farthest = index < last ? index : last - 1;
    *round = (struct round){.pairing = ROUND_ONE_WAY,
                            .distance = up ? -1 : 1,
                            .parts = chunks,
                            .first = up ? index - last : index,
                            .reduce = up,
                            .sender = up ? last - farthest : nearest,
                            .senders = farthest - nearest + 1,
                            .stride = 1,
                            .backwards = !up};
    return call->size > 1 && index < last - 1 + chunks;
}

uint64_t chain_ps(const struct call *call, size_t element_bytes, struct path path)
{
    int chunks = chunks_of(call);
    return (uint64_t)(call->size - 2 + chunks) *
           block_ps(call->count, (size_t)chunks, element_bytes, path);
}
