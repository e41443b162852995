/* Blocks and powers of two, for schedules. */
#ifndef COMM_COLLECTIVES_BLOCKS_H
#define COMM_COLLECTIVES_BLOCKS_H

#include "threadrack/comm/collective.h"

/* Algorithms of which others are made, by their schedules. */
extern const struct collective collective_allgather_ring, collective_reduce_binomial,
    collective_broadcast_binomial, collective_reduce_chain, collective_broadcast_chain;

/* Block i of the call's vector, i taken modulo the group's size and as low as -2 * size. */
static inline struct share block_of(const struct call *call, int i)
{
    int p = call->size;
    return share_of(call->count, (size_t)p, (size_t)((i + 2 * p) % p));
}

/* `blocks` blocks from block `first` on, none past the last. */
static inline struct share blocks_from(const struct call *call, int first, int blocks)
{
    struct share begin = share_of(call->count, (size_t)call->size, (size_t)first);
    struct share end = share_of(call->count, (size_t)call->size, (size_t)(first + blocks));
    return (struct share){begin.begin, end.begin - begin.begin};
}

/* The i-th range of `blocks` blocks from `first` on, round the end of the vector: one, or two. */
static inline bool cyclic_piece(const struct call *call, int first, int blocks, int i,
                                struct share *range)
{
    int room = call->size - first;
    if (i > (blocks > room))
        return false;
    *range = i ? blocks_from(call, 0, blocks - room)
               : blocks_from(call, first, blocks < room ? blocks : room);
    return true;
}

static inline size_t cyclic_count(const struct call *call, int first, int blocks)
{
    struct share range;
    size_t count = 0;
    for (int i = 0; cyclic_piece(call, first, blocks, i, &range); i++)
        count += range.count;
    return count;
}

/* Blocks of an all-to-all are all of one length; the rest of the vector takes no part. */
static inline size_t even_block(const struct call *call)
{
    return call->count / (size_t)call->size;
}

/* Parts of a pipelined algorithm: so many that none is longer than the layout's chunk; or than the
 * default, but not more than CHUNKS_MOST. */
enum { CHUNK_ELEMENTS = 16384, CHUNKS_MOST = 64 };
static inline int chunks_of(const struct call *call)
{
    const struct layout *layout = call->context;
    size_t chunk = layout && layout->chunk ? layout->chunk : CHUNK_ELEMENTS;
    if (call->count <= chunk)
        return 1;
    size_t chunks = (call->count + chunk - 1) / chunk;
    return layout && layout->chunk ? (int)chunks
                                   : (int)(chunks < CHUNKS_MOST ? chunks : CHUNKS_MOST);
}

static inline struct share whole_of(const struct call *call)
{
    return (struct share){0, call->count};
}

static inline int floor_log2(int n)
{
    return 31 - __builtin_clz((unsigned)n);
}

static inline int ceil_log2(int n)
{
    return n <= 1 ? 0 : floor_log2(n - 1) + 1;
}

static inline bool is_power_of_two(int n)
{
    return (n & (n - 1)) == 0;
}

/* A message with the largest of `parts` equal blocks. */
static inline uint64_t block_ps(size_t count, size_t parts, size_t element_bytes, struct path path)
{
    return hockney_ps(path, (count + parts - 1) / parts * element_bytes);
}

/* A message with `blocks` of the group's blocks, each taken at its largest. */
static inline uint64_t blocks_ps(const struct call *call, int blocks, size_t element_bytes,
                                 struct path path)
{
    size_t block = (call->count + (size_t)call->size - 1) / (size_t)call->size;
    size_t count = block * (size_t)blocks < call->count ? block * (size_t)blocks : call->count;
    return hockney_ps(path, count * element_bytes);
}

/* Algorithms for powers of two first fold the members that are too many: of the first 2 * rest
 * members, each even one sends its vector to its odd neighbour, which takes part for both, and at
 * the end sends the result back (Thakur, Rabenseifner, Gropp: Optimization of collective
 * communication operations in MPICH, 2005, section 4.2). */
struct fold {
    int power, rounds; /* members that take part, and its logarithm */
    bool folded;       /* this member took part in folding */
    int place;         /* among those that take part; -1: it sits out */
};

static inline struct fold fold_of(const struct call *call)
{
    struct fold fold = {.rounds = floor_log2(call->size)};
    fold.power = 1 << fold.rounds;
    int rest = call->size - fold.power;
    fold.folded = call->rank < 2 * rest;
    fold.place = !fold.folded ? call->rank - rest : call->rank % 2 ? call->rank / 2 : -1;
    return fold;
}

/* The member at a place. */
static inline int unfold(const struct call *call, const struct fold *fold, int place)
{
    int rest = call->size - fold->power;
    return place < rest ? 2 * place + 1 : place + rest;
}

/* Fills the step and returns true when `index` is one in which the vector is folded or given back;
 * `inner` is how many steps lie between. Otherwise *index becomes the inner step's, and at the end
 * it equals `inner`. */
bool fold_step(const struct call *call, const struct fold *fold, int inner, int *index,
               struct step *step);
/* The same of rounds, for the whole group. */
bool fold_round(const struct call *call, int inner, int *index, struct round *round);

#endif
