#include "nested_blocks.h"

/* A step along one level, the level-th that the strand goes along. */
struct turn {
    struct nest nest;
    int level, strand, strands;
    int places[LAYOUT_LEVELS]; /* of the member, in the nest's order */
    int sent;                  /* the place to whose members, on this level, belongs what is sent */
};

/* Of the index-th step, as the nest counts. */
static int place_there(const struct nest *nest, enum nested_way way, int index)
{
    return way == NESTED_SCATTER ? index : nest_half(nest) - 1 - index;
}

static bool turn_of(const struct call *call, enum nested_way way, int strands, int index, struct turn *turn)
{
    struct nest nest = nest_of(call, call->strand);
    int at = place_there(&nest, way, index), k = nest_level(&nest, &at);
    if (k < 0)
        return false;
    int size = nest.sizes[k], behind = way == NESTED_SCATTER ? at + 1 : size - 2 - at;
    *turn = (struct turn){.nest = nest, .level = k, .strand = call->strand, .strands = strands};
    for (int i = 0; i <= k; i++)
        turn->places[i] = call->rank / nest.strides[i] % nest.sizes[i];
    turn->sent = (turn->places[k] - behind + size) % size;
    return true;
}

/* Blocks that a step moves: at these places along the levels up to its own, anywhere along the others. */
struct held {
    const struct turn *turn;
    int place; /* on the step's own level */
};

/* On the level's ring what is received is what the one before sends. */
static struct held held_of(const struct turn *turn, bool sent)
{
    int size = turn->nest.sizes[turn->level];
    return (struct held){turn, sent ? turn->sent : (turn->sent ? turn->sent : size) - 1};
}

static int place_of(const struct held *held, int level)
{
    return level == held->turn->level ? held->place : held->turn->places[level];
}

static size_t held_count(const struct held *held)
{
    size_t count = 1;
    for (int k = held->turn->level + 1; k < held->turn->nest.count; k++)
        count *= (size_t)held->turn->nest.sizes[k];
    return count;
}

/* Of these so many have a number below `limit`, which is less than the group's size: digit by digit, from that of
 * the outermost dimension on. */
static size_t held_below(const struct held *held, size_t limit)
{
    const struct nest *nest = &held->turn->nest;
    size_t below = 0, inner = held_count(held);
    for (int dimension = nest->count - 1; dimension >= 0; dimension--) {
        int k = (dimension - held->turn->strand + nest->count) % nest->count;
        size_t stride = (size_t)nest->strides[k], digit = limit / stride, place = (size_t)place_of(held, k);
        limit -= digit * stride;
        if (k > held->turn->level) {
            inner /= (size_t)nest->sizes[k];
            below += digit * inner;
        } else if (place != digit) {
            return below + (place < digit ? inner : 0);
        }
    }
    return below;
}

/* The strand's share of a block. */
static struct share own_share(const struct turn *turn, struct share block)
{
    struct share own = share_of(block.count, (size_t)turn->strands, (size_t)turn->strand);
    return (struct share){block.begin + own.begin, own.count};
}

/* The first blocks may have an element more (base/share.h). */
static struct share held_sum(const struct call *call, struct held held)
{
    size_t each = call->count / (size_t)call->size, more = call->count % (size_t)call->size;
    size_t own = own_share(held.turn, (struct share){0, each}).count;
    size_t longer = own_share(held.turn, (struct share){0, each + 1}).count;
    return (struct share){0, held_count(&held) * own + (longer > own ? held_below(&held, more) : 0)};
}

bool nested_blocks_step(const struct call *call, enum nested_way way, int strands, int index, struct step *step)
{
    struct turn turn;
    if (!turn_of(call, way, strands, index, &turn))
        return false;
    int k = turn.level, stride = turn.nest.strides[k], last = turn.nest.sizes[k] - 1, back = stride * last;
    *step = (struct step){
        .send_to = call->rank + (turn.places[k] < last ? stride : -back),
        .recv_from = call->rank + (turn.places[k] ? -stride : back),
        .send = held_sum(call, held_of(&turn, true)),
        .recv = held_sum(call, held_of(&turn, false)),
        .reduce = way == NESTED_SCATTER,
        .to_strand = call->strand,
    };
    return true;
}

bool nested_blocks_piece(const struct call *call, enum nested_way way, int strands, int index, bool sent, int i,
                         struct share *range)
{
    struct turn turn;
    if (!turn_of(call, way, strands, index, &turn))
        return false;
    struct held held = held_of(&turn, sent);
    int block = 0;
    for (int k = 0; k <= turn.level; k++)
        block += place_of(&held, k) * turn.nest.strides[k];
    for (int k = turn.level + 1; k < turn.nest.count; i /= turn.nest.sizes[k++])
        block += i % turn.nest.sizes[k] * turn.nest.strides[k];
    if (i > 0)
        return false;
    *range = own_share(&turn, block_of(call, block));
    return true;
}

bool nested_blocks_round(const struct call *call, enum nested_way way, int index, struct round *round)
{
    struct nest nest = nest_of(call, 0);
    return nest_round(call, &nest, place_there(&nest, way, index), way == NESTED_SCATTER, round);
}

uint64_t nested_blocks_ps(const struct call *call, size_t element_bytes, struct path path)
{
    struct nest nest = nest_of(call, 0);
    return nest_ps(&nest, call->count, element_bytes, path);
}

int nested_strands(const struct call *call)
{
    return nest_of(call, 0).count;
}

uint64_t nested_strands_ps(const struct call *call, size_t element_bytes, struct path path)
{
    uint64_t most = 0;
    int count = nested_strands(call);
    for (int strand = 0; strand < count; strand++) {
        struct nest nest = nest_of(call, strand);
        uint64_t own = nest_ps(&nest, (call->count + (size_t)count - 1) / (size_t)count, element_bytes, path);
        most = own > most ? own : most;
    }
    return most;
}
