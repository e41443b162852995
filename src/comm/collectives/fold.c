#include "blocks.h"

static struct step send_whole(const struct call *call, int to)
{
    return (struct step){.send_to = to, .recv_from = -1, .send = whole_of(call)};
}

static struct step receive_whole(const struct call *call, int from, bool reduce)
{
    return (struct step){
        .send_to = -1, .recv_from = from, .recv = whole_of(call), .reduce = reduce};
}

bool fold_step(const struct call *call, const struct fold *fold, int inner, int *index,
               struct step *step)
{
    if (!fold->folded)
        return false;
    bool sits_out = fold->place < 0;
    if (sits_out)
        inner = 0;
    if (*index == 0)
        *step =
            sits_out ? send_whole(call, call->rank + 1) : receive_whole(call, call->rank - 1, true);
    else if (*index == inner + 1)
        *step = sits_out ? receive_whole(call, call->rank + 1, false)
                         : send_whole(call, call->rank - 1);
    else {
        *index -= *index <= inner ? 1 : 2;
        return false;
    }
    return true;
}

bool fold_round(const struct call *call, int inner, int *index, struct round *round)
{
    int power = 1 << floor_log2(call->size), rest = call->size - power;
    bool in = *index == 0, back = *index == inner + 1;
    if (rest == 0)
        return false;
    *round = (struct round){.pairing = ROUND_ONE_WAY,
                            .distance = in ? -power : power,
                            .elements = call->count,
                            .reduce = in,
                            .sender = in ? power : 0,
                            .senders = rest,
                            .stride = 1,
                            .folded = true};
    *index -= *index <= inner ? 1 : 2;
    return in || back;
}
