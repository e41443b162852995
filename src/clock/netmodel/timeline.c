#include "timeline.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdlib.h>

static void make_room(struct timeline *timeline)
{
    int old = timeline->room;
    size_t size = sizeof *timeline->heap;
    timeline->room = 2 * old + 64;
    timeline->heap = memory_lines(timeline->heap, (size_t)old * size, (size_t)timeline->room * size);
    for (int i = old; i < timeline->room; i++)
        timeline->heap[i].time_ps = UINT64_MAX;
}

void timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){.end = TIMELINE_ROOT};
    make_room(timeline);
}

void timeline_release(struct timeline *timeline)
{
    free(timeline->heap);
    free(timeline->places);
    *timeline = (struct timeline){0};
}

static int parent_of(int place)
{
    return place / TIMELINE_CHILDREN + TIMELINE_ROOT - 1;
}

static int children_of(int place)
{
    return TIMELINE_CHILDREN * (place - TIMELINE_ROOT + 1);
}

static void put(struct timeline *timeline, int place, struct moment moment)
{
    timeline->heap[place] = moment;
    timeline->places[moment.number] = place;
}

static void sift_up(struct timeline *timeline, int hole, struct moment moment)
{
    while (hole > TIMELINE_ROOT && moment.time_ps < timeline->heap[parent_of(hole)].time_ps) {
        put(timeline, hole, timeline->heap[parent_of(hole)]);
        hole = parent_of(hole);
    }
    put(timeline, hole, moment);
}

/* The least of four, without branches that no one could foresee. */
static int first_of(const struct moment *four)
{
    int left = four[1].time_ps < four[0].time_ps, right = 2 + (four[3].time_ps < four[2].time_ps);
    int choose_right = -(four[right].time_ps < four[left].time_ps);
    return (left & ~choose_right) | (right & choose_right);
}

static void sift_down(struct timeline *timeline, int hole, struct moment moment)
{
    for (int children = children_of(hole); children < timeline->end; children = children_of(hole)) {
        int child = children + first_of(&timeline->heap[children]);
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
            timeline->places[i] = 0;
    }
    return timeline->places[number];
}

void timeline_set(struct timeline *timeline, int number, uint64_t time_ps)
{
    struct moment moment = {time_ps, number};
    int place = place_of(timeline, number);
    if (!place) {
        if (timeline->end + TIMELINE_CHILDREN >= timeline->room)
            make_room(timeline);
        sift_up(timeline, timeline->end++, moment);
    } else if (time_ps < timeline->heap[place].time_ps) {
        sift_up(timeline, place, moment);
    } else {
        sift_down(timeline, place, moment);
    }
}

int timeline_take(struct timeline *timeline)
{
    assert(timeline->end > TIMELINE_ROOT);
    int number = timeline->heap[TIMELINE_ROOT].number;
    struct moment last = timeline->heap[--timeline->end];
    timeline->heap[timeline->end].time_ps = UINT64_MAX;
    if (timeline->end > TIMELINE_ROOT)
        sift_down(timeline, TIMELINE_ROOT, last);
    timeline->places[number] = 0;
    return number;
}
