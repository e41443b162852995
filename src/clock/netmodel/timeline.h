/* When each numbered thing happens: a heap of (time, number) in which a number's time can change.
 * Those of one time come in no particular order; the caller sorts them. */
#ifndef CLOCK_NETMODEL_TIMELINE_H
#define CLOCK_NETMODEL_TIMELINE_H

#include <stdint.h>

struct moment {
    uint64_t time_ps;
    int number;
};

struct timeline {
    struct moment *heap; /* four children each: shallow, and a node's children share a line */
    int count, room;
    int *places, place_room; /* by number: where it is in the heap; -1: nowhere */
};

void timeline_release(struct timeline *timeline);
void timeline_set(struct timeline *timeline, int number, uint64_t time_ps);
/* Takes the first out and returns its number; there must be one. */
int timeline_take(struct timeline *timeline);
static inline uint64_t timeline_first_ps(const struct timeline *timeline) /* UINT64_MAX: none */
{
    return timeline->count ? timeline->heap[0].time_ps : UINT64_MAX;
}

#endif
