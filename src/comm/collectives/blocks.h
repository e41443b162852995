/* Blocks and powers of two, for schedules. */
#ifndef COMM_COLLECTIVES_BLOCKS_H
#define COMM_COLLECTIVES_BLOCKS_H

#include "threadrack/comm/collective.h"

/* Block i of the call's vector, i taken modulo the group's size and as low as -2 * size. */
static inline struct share block_of(const struct call *call, int i)
{
    int p = call->size;
    return share_of(call->count, (size_t)p, (size_t)((i + 2 * p) % p));
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

#endif
