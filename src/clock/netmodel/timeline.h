/* When each numbered thing happens: a heap of (time, number) in which a number's time can change.
 * Those of one time come in no particular order; the caller sorts them. */
#ifndef CLOCK_NETMODEL_TIMELINE_H
#define CLOCK_NETMODEL_TIMELINE_H

#include <stdint.h>

struct moment {
    uint64_t time_ps; /* before UINT64_MAX */
    int number;
};

/* A heap with four children a node: shallow, and a node's children are one line of the cache. */
enum { TIMELINE_CHILDREN = 4, TIMELINE_ROOT = TIMELINE_CHILDREN - 1 };

struct timeline {
    struct moment *heap; /* from TIMELINE_ROOT on; `end` and the three after it are at UINT64_MAX */
    int end, room;
    int *places, place_room; /* by number: where it is in the heap; 0: nowhere */
};

void timeline_init(struct timeline *timeline);
void timeline_release(struct timeline *timeline);
void timeline_set(struct timeline *timeline, int number, uint64_t time_ps);
/* Takes the first out and returns its number; there must be one. */
int timeline_take(struct timeline *timeline);
static inline uint64_t timeline_first_ps(const struct timeline *timeline) /* UINT64_MAX: none */
{
    return timeline->heap[TIMELINE_ROOT].time_ps;
}

#endif
