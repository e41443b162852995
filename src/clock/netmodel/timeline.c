#include "timeline.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { CHILDREN = 4 };

void timeline_release(struct timeline *timeline)
{
    free(timeline->heap);
    free(timeline->places);
    *timeline = (struct timeline){0};
}

static void put(struct timeline *timeline, int place, struct moment moment)
{
    timeline->heap[place] = moment;
    timeline->places[moment.number] = place;
}

static void sift_up(struct timeline *timeline, int hole, struct moment moment)
{
    while (hole > 0 && moment.time_ps < timeline->heap[(hole - 1) / CHILDREN].time_ps) {
        put(timeline, hole, timeline->heap[(hole - 1) / CHILDREN]);
        hole = (hole - 1) / CHILDREN;
    }
    put(timeline, hole, moment);
}

static int first_child(const struct timeline *timeline, int parent)
{
    int child = CHILDREN * parent + 1, end = child + CHILDREN;
    end = end < timeline->count ? end : timeline->count;
    int first = child;
    for (child++; child < end; child++)
        if (timeline->heap[child].time_ps < timeline->heap[first].time_ps)
            first = child;
    return first;
}

static void sift_down(struct timeline *timeline, int hole, struct moment moment)
{
    while (CHILDREN * hole + 1 < timeline->count) {
        int child = first_child(timeline, hole);
        if (timeline->heap[child].time_ps >= moment.time_ps)
            break;
        put(timeline, hole, timeline->heap[child]);
        hole = child;
    }
    put(timeline, hole, moment);
}

static int place_of(struct timeline *timeline, int number)
{
    if (number >= timeline->place_room) {
        int old = timeline->place_room;
        timeline->place_room = 2 * number + 64;
        timeline->places = memory_resize(timeline->places,
                                         (size_t)timeline->place_room * sizeof *timeline->places);
        for (int i = old; i < timeline->place_room; i++)
            timeline->places[i] = -1;
    }
    return timeline->places[number];
}

void timeline_set(struct timeline *timeline, int number, uint64_t time_ps)
{
    struct moment moment = {time_ps, number};
    int place = place_of(timeline, number);
    if (place < 0) {
        vector_push(&timeline->heap, &timeline->count, &timeline->room);
        sift_up(timeline, timeline->count - 1, moment);
    } else if (time_ps < timeline->heap[place].time_ps) {
        sift_up(timeline, place, moment);
    } else {
        sift_down(timeline, place, moment);
    }
}

int timeline_take(struct timeline *timeline)
{
    assert(timeline->count > 0);
    int number = timeline->heap[0].number;
    struct moment last = timeline->heap[--timeline->count];
    if (timeline->count)
        sift_down(timeline, 0, last);
    timeline->places[number] = -1;
    return number;
}
