/* Collectives, in memory. Each member's post leaves its vector; the last to post carries out the
 * whole schedule over all vectors on its own thread, and wakes who waits. So posts never block, and
 * two groups posted in different orders by two ranks cannot lock each other up. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

/* Collectives under way lie in a ring; members may post ahead of each other. */
static struct meeting *meeting_of(struct group *group, uint32_t number)
{
    while (number - group->ended >= (uint32_t)group->meeting_room) {
        int room = group->meeting_room ? 2 * group->meeting_room : 4;
        struct meeting *meetings = memory_zeroed((size_t)room, sizeof *meetings);
        for (int i = 0; i < room; i++)
            meetings[i].vectors = memory_zeroed((size_t)group->size, sizeof(float *));
        for (uint32_t n = group->ended; n != group->begun; n++) {
            struct meeting *old = &group->meetings[n % (uint32_t)group->meeting_room];
            struct meeting *slot = &meetings[n % (uint32_t)room];
            float **vectors = slot->vectors;
            *slot = *old;
            old->vectors = vectors;
        }
        for (int i = 0; i < group->meeting_room; i++)
            free(group->meetings[i].vectors);
        free(group->meetings);
        group->meetings = meetings;
        group->meeting_room = room;
    }
    if (number - group->begun == 0)
        group->begun++;
    return &group->meetings[number % (uint32_t)group->meeting_room];
}

static void join(struct meeting *meeting, const struct rank *self,
                 const struct schedule *schedule, int root, size_t count)
{
    if (meeting->posted++ == 0) {
        meeting->schedule = schedule;
        meeting->root = root;
        meeting->count = count;
        meeting->first_poster = self->id;
    } else if (meeting->schedule != schedule || meeting->root != root || meeting->count != count) {
        BUG("rank %d posts %s of %zu from root %d where rank %d posted %s of %zu from root %d",
            self->id, schedule->name, count, root, meeting->first_poster, meeting->schedule->name,
            meeting->count, meeting->root);
    }
}

/* The vectors are all there and every member but this one is past its post, so nobody else touches
 * the meeting while the lock is open. */
static void hold(struct group *group, uint32_t number)
{
    struct meeting meeting = *meeting_of(group, number);
    pthread_mutex_unlock(&group->lock);
    moves_run(group, &meeting);
    pthread_mutex_lock(&group->lock);
    struct meeting *slot = meeting_of(group, number);
    rack_unblock(group->rack, slot->waiting);
    slot->posted = slot->waiting = 0;
    group->ended = number + 1;
    pthread_cond_broadcast(&group->done);
}

void meeting_post(struct rank *self, struct group *group, const struct schedule *schedule, int root,
                  float *vector, size_t count, uint32_t number)
{
    pthread_mutex_lock(&group->lock);
    struct meeting *meeting = meeting_of(group, number);
    join(meeting, self, schedule, root, count);
    meeting->vectors[group_rank(group, self)] = vector;
    if (meeting->posted == group->size)
        hold(group, number);
    pthread_mutex_unlock(&group->lock);
}

static bool is_over(const struct group *group, uint32_t number)
{
    return (int32_t)(group->ended - number) > 0;
}

void meeting_wait(struct rank *self, struct group *group, uint32_t number)
{
    pthread_mutex_lock(&group->lock);
    if (!is_over(group, number)) {
        meeting_of(group, number)->waiting++;
        rack_block(group->rack, self, "a collective");
        while (!is_over(group, number))
            pthread_cond_wait(&group->done, &group->lock);
    }
    pthread_mutex_unlock(&group->lock);
}

void rank_meet(struct rank *self, void (*serial)(void *argument), void *argument)
{
    struct rack *rack = self->rack;
    pthread_mutex_lock(&rack->meeting_lock);
    uint64_t present = rack->meetings;
    if (++rack->met < rack->size) {
        rack_block(rack, self, "the others, off the clock");
        while (rack->meetings == present)
            pthread_cond_wait(&rack->meeting_over, &rack->meeting_lock);
    } else {
        serial(argument);
        rack->met = 0;
        rack->meetings++;
        rack_unblock(rack, rack->size - 1);
        pthread_cond_broadcast(&rack->meeting_over);
    }
    pthread_mutex_unlock(&rack->meeting_lock);
}
