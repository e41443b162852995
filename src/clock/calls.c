#include "threadrack/clock/op.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct known_call {
    const struct schedule *schedule;
    size_t count;
    uint32_t element_bytes;
    int root;
};

/* A hash table with open addressing, at most half full. */
struct op_calls {
    struct known_call *known; /* by number */
    int count, room;
    uint32_t *places; /* numbers plus one; 0: none */
    size_t place_count; /* a power of two */
    uint32_t last; /* the number asked for last */
};

struct op_calls *op_calls_create(void)
{
    struct op_calls *calls = memory_zeroed(1, sizeof *calls);
    calls->place_count = 16;
    calls->places = memory_zeroed(calls->place_count, sizeof *calls->places);
    return calls;
}

void op_calls_free(struct op_calls *calls)
{
    if (!calls)
        return;
    free(calls->known);
    free(calls->places);
    free(calls);
}

static bool is_same(const struct known_call *a, const struct known_call *b)
{
    return a->schedule == b->schedule && a->count == b->count && a->root == b->root &&
           a->element_bytes == b->element_bytes;
}

static uint32_t *place_of(const struct op_calls *calls, const struct known_call *call)
{
    uint64_t mixed = ((uint64_t)(uintptr_t)call->schedule ^ call->count * UINT64_C(0xff51afd7ed558ccd) ^
                      (uint64_t)call->root << 32 ^ call->element_bytes) *
                     UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (mixed >> 32) & (calls->place_count - 1);
    while (calls->places[at] && !is_same(&calls->known[calls->places[at] - 1], call))
        at = (at + 1) & (calls->place_count - 1);
    return &calls->places[at];
}

static void grow(struct op_calls *calls)
{
    free(calls->places);
    calls->place_count *= 2;
    calls->places = memory_zeroed(calls->place_count, sizeof *calls->places);
    for (int i = 0; i < calls->count; i++)
        *place_of(calls, &calls->known[i]) = (uint32_t)i + 1;
}

uint32_t op_calls_number(struct op_calls *calls, const struct op *op)
{
    struct known_call call = {op->schedule, op->count, (uint32_t)op->element_bytes, op->root};
    if (calls->count && is_same(&calls->known[calls->last], &call))
        return calls->last;
    uint32_t *place = place_of(calls, &call);
    if (!*place) {
        *vector_push(&calls->known, &calls->count, &calls->room) = call;
        *place = (uint32_t)calls->count;
        if (2 * (size_t)calls->count > calls->place_count) {
            grow(calls);
            place = place_of(calls, &call);
        }
    }
    return calls->last = *place - 1;
}

void op_calls_fill(const struct op_calls *calls, uint32_t number, struct op *op)
{
    const struct known_call *call = &calls->known[number];
    op->schedule = call->schedule;
    op->count = call->count;
    op->element_bytes = call->element_bytes;
    op->root = call->root;
}
