#include "threadrack/base/heap.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdlib.h>

void heap_release(struct heap *heap)
{
    free(heap->events);
    *heap = (struct heap){0};
}

bool event_before(const struct event *a, const struct event *b)
{
    if (a->time_ps != b->time_ps)
        return a->time_ps < b->time_ps;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->sequence < b->sequence;
}

void heap_push(struct heap *heap, struct event event)
{
    vector_push(&heap->events, &heap->count, &heap->room);
    int hole = heap->count - 1;
    while (hole > 0 && event_before(&event, &heap->events[(hole - 1) / 2])) {
        heap->events[hole] = heap->events[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap->events[hole] = event;
}

struct event heap_pop(struct heap *heap)
{
    assert(heap->count > 0);
    struct event first = heap->events[0], last = heap->events[--heap->count];
    int hole = 0;
    for (int child = 1; child < heap->count; child = 2 * hole + 1) {
        if (child + 1 < heap->count && event_before(&heap->events[child + 1], &heap->events[child]))
            child++;
        if (!event_before(&heap->events[child], &last))
            break;
        heap->events[hole] = heap->events[child];
        hole = child;
    }
    heap->events[hole] = last;
    return first;
}
