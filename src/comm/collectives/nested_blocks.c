#include "nested_blocks.h"

/* A step along one level. */
struct turn {
    int size, stride, place; /* of the level, and the member's in it */
    int sent;                /* the place to whose members, on this level, belongs what is sent */
};

static bool turn_of(const struct call *call, enum nested_way way, int index, struct turn *turn)
{
    struct nest nest = nest_of(call, 0);
    bool scatter = way == NESTED_SCATTER;
    int k = scatter ? 0 : nest.count - 1, on = scatter ? 1 : -1;
    while (k >= 0 && k < nest.count && index >= nest.sizes[k] - 1) {
        index -= nest.sizes[k] - 1;
        k += on;
    }
    if (k < 0 || k == nest.count)
        return false;
    int size = nest.sizes[k], place = call->rank / nest.strides[k] % size;
    *turn = (struct turn){.size = size,
                          .stride = nest.strides[k],
                          .place = place,
                          .sent = (place - index - scatter + size) % size};
    return true;
}

/* Every `apart`-th block. */
struct comb {
    int first, apart;
};

/* On the level's ring what is received is what the one before sends. */
static struct comb comb_of(const struct call *call, const struct turn *turn, bool sent)
{
    int place = sent ? turn->sent : (turn->sent ? turn->sent : turn->size) - 1;
    return (struct comb){.first = call->rank % turn->stride + place * turn->stride,
                         .apart = turn->stride * turn->size};
}

/* The first blocks may have an element more (base/share.h). */
static struct share comb_sum(const struct call *call, struct comb comb)
{
    size_t p = (size_t)call->size, first = (size_t)comb.first, apart = (size_t)comb.apart;
    size_t each = call->count / p, more = call->count % p;
    return (struct share){0, p / apart * each + (more > first ? (more - first - 1) / apart + 1 : 0)};
}

bool nested_blocks_step(const struct call *call, enum nested_way way, int index, struct step *step)
{
    struct turn turn;
    if (!turn_of(call, way, index, &turn))
        return false;
    int last = turn.size - 1, back = turn.stride * last;
    *step = (struct step){
        .send_to = call->rank + (turn.place < last ? turn.stride : -back),
        .recv_from = call->rank + (turn.place ? -turn.stride : back),
        .send = comb_sum(call, comb_of(call, &turn, true)),
        .recv = comb_sum(call, comb_of(call, &turn, false)),
        .reduce = way == NESTED_SCATTER,
    };
    return true;
}

bool nested_blocks_piece(const struct call *call, enum nested_way way, int index, bool sent, int i,
                         struct share *range)
{
    struct turn turn;
    if (!turn_of(call, way, index, &turn))
        return false;
    struct comb comb = comb_of(call, &turn, sent);
    int block = comb.first + i * comb.apart;
    if (block >= call->size)
        return false;
    *range = block_of(call, block);
    return true;
}

/* Of two levels: members of a box are neighbours. */
bool nested_blocks_round(const struct call *call, enum nested_way way, int index, struct round *round)
{
    struct nest nest = nest_of(call, 0);
    int p = call->size, b = nest.sizes[0], inner = b - 1, outer = p / b - 1;
    bool within = way == NESTED_SCATTER ? index < inner : index >= outer;
    if (nest.count != 2)
        return false;
    *round = (struct round){.pairing = ROUND_SHIFT,
                            .distance = within ? 1 : b,
                            .elements = call->count / (size_t)(within ? b : p),
                            .as_steps = call->count % (size_t)p,
                            .reduce = way == NESTED_SCATTER,
                            .span = within ? b : 0};
    return index < inner + outer;
}

uint64_t nested_blocks_ps(const struct call *call, size_t element_bytes, struct path path)
{
    struct nest nest = nest_of(call, 0);
    return nest_ps(&nest, call->count, element_bytes, path);
}
