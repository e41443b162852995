/* A stable heap of events: the least (time, rank, sequence) comes first, and that order is total,
 * so a run never depends on how the heap happens to be laid out. */
#ifndef THREADRACK_BASE_HEAP_H
#define THREADRACK_BASE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct event {
    uint64_t time_ps;
    uint32_t rank;
    uint32_t kind; /* the owner's */
    uint64_t sequence;
    void *data;    /* the owner's */
};

struct heap {
    struct event *events;
    int count, room;
};

void heap_release(struct heap *heap);
bool event_before(const struct event *a, const struct event *b);
void heap_push(struct heap *heap, struct event event);
struct event heap_pop(struct heap *heap); /* the heap must not be empty */
static inline const struct event *heap_first(const struct heap *heap) /* NULL when empty */
{
    return heap->count ? heap->events : 0;
}

#endif
