/* Collectives, in memory. Each member's post leaves its vector; the last to post carries out the
 * whole schedule over all vectors on its own thread, and wakes who waits. So posts never block, and
 * two groups posted in different orders by two ranks cannot lock each other up. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static __attribute__((noinline)) void grow(struct group *group)
{
    int room = group->meeting_room ? 2 * group->meeting_room : 4;
    struct meeting *meetings = memory_zeroed((size_t)room, sizeof *meetings);
    for (int i = 0; i < room && group->gate; i++)
        meetings[i].vectors = memory_zeroed((size_t)group->size, sizeof(float *));
    for (uint32_t n = group->ended; n != group->begun; n++) {
        struct meeting *old = group_meeting(group, n);
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

/* Collectives under way lie in a ring; members may post ahead of each other. */
static struct meeting *meeting_of(struct group *group, uint32_t number)
{
    while (number - group->ended >= (uint32_t)group->meeting_room)
        grow(group);
    group->begun += number == group->begun;
    return group_meeting(group, number);
}

/* Counts the member's post, and returns whether it is what the first one posted: else nothing is
 * counted, and the collective never takes place. */
static bool join(struct meeting *meeting, const struct rank *self, const struct meant *meant)
{
    if (meeting->posted == 0) {
        meeting->meant = *meant;
        meeting->first_poster = self->id;
    }
    if (!meant_is(&meeting->meant, meant->schedule, meant->root, meant->element, meant->count))
        return false;
    meeting->posted++;
    return true;
}

static void disagree(struct rank *self, const struct group *group, const struct meeting *meeting,
                     struct meant meant, uint32_t number)
{
    static const char *const types[ELEMENTS] = {"", " in fp16", " in bf16", " of two bytes"};
    const struct meant *first = &meeting->meant;
    rank_fail(self,
              "rank %d posts %s of %zu elements%s from root %d where rank %d posted %s of %zu%s from "
              "root %d (collective %u of the group of %d ranks from rank %d on)",
              self->id, meant.schedule->name, meant.count, types[meant.element], meant.root,
              meeting->first_poster, first->schedule->name, first->count, types[first->element],
              first->root, number + 1, group->size, group_member_rank(group, 0));
}

/* The vectors are all there and every member but this one is past its post, so nobody else touches
 * the meeting while the lock is open. */
static void hold(struct group *group, uint32_t number)
{
    struct meeting meeting = *meeting_of(group, number);
    pthread_mutex_unlock(&group->gate->lock);
    moves_run(group, &meeting);
    pthread_mutex_lock(&group->gate->lock);
    struct meeting *slot = meeting_of(group, number);
    rack_unblock(group->rack, slot->waiting);
    slot->posted = slot->waiting = 0;
    group->ended = number + 1;
    pthread_cond_broadcast(&group->gate->done);
}

void meeting_post(struct rank *self, struct group *group, struct meant meant, float *vector,
                  uint32_t number)
{
    pthread_mutex_lock(&group->gate->lock);
    struct meeting *meeting = meeting_of(group, number), found = *meeting;
    bool agreed = join(meeting, self, &meant);
    if (agreed) {
        meeting->vectors[group_rank(group, self)] = vector;
        if (meeting->posted == group->size)
            hold(group, number);
    }
    pthread_mutex_unlock(&group->gate->lock);
    if (!agreed)
        disagree(self, group, &found, meant, number);
}

/* The ring is given back whenever nothing is under way: of many groups few are at work at a time,
 * since the ranks post one after the other. */
void meeting_compare(struct rank *self, struct group *group, const struct meant *meant,
                     uint32_t number)
{
    struct meeting *meeting = meeting_of(group, number);
    if (!join(meeting, self, meant))
        disagree(self, group, meeting, *meant, number);
    if (meeting->posted < group->size)
        return;
    meeting->posted = 0;
    group->ended = number + 1;
    if (group->ended != group->begun)
        return;
    free(group->meetings);
    group->meetings = NULL;
    group->meeting_room = 0;
}

/* The first member that has not posted the collective. */
static int absent_member(const struct group *group, uint32_t number)
{
    for (int i = 0; i < group->size; i++) {
        struct rank *rank = &group->rack->ranks[group_member_rank(group, i)];
        if (*rank_posted(rank, group_lane(group, rank, LANE_COLLECTIVES)) <= number)
            return rank->id;
    }
    BUG("all members have posted collective %u, which has not ended", number + 1);
}

bool meeting_is_left(const struct group *group, struct errors *errors)
{
    if (group->ended == group->begun)
        return false;
    const struct meeting *meeting = group_meeting(group, group->ended);
    errors_add_status(errors, STATUS_FAILED,
                      "rank %d never posts %s of %zu elements, collective %u of the group of %d ranks "
                      "from rank %d on, which %d of them have posted",
                      absent_member(group, group->ended), meeting->meant.schedule->name, meeting->meant.count,
                      group->ended + 1, group->size, group_member_rank(group, 0), meeting->posted);
    return true;
}

struct awaited {
    const struct group *group;
    uint32_t number;
};

static bool is_over(const void *argument)
{
    const struct awaited *awaited = argument;
    return (int32_t)(awaited->group->ended - awaited->number) > 0;
}

void meeting_wait(struct rank *self, struct group *group, uint32_t number)
{
    struct awaited awaited = {group, number};
    pthread_mutex_lock(&group->gate->lock);
    if (!is_over(&awaited)) {
        meeting_of(group, number)->waiting++;
        rank_block(self, &group->gate->lock, &group->gate->done, is_over, &awaited);
    }
    pthread_mutex_unlock(&group->gate->lock);
}

struct gathering { /* off the clock */
    const struct rack *rack;
    uint64_t number;
};

static bool has_gathered(const void *argument)
{
    const struct gathering *gathering = argument;
    return gathering->rack->meetings != gathering->number;
}

void rank_meet(struct rank *self, void (*serial)(void *argument), void *argument)
{
    struct rack *rack = self->rack;
    if (!rank_goes_on(self))
        return;
    pthread_mutex_lock(&rack->meeting_lock);
    struct gathering present = {rack, rack->meetings};
    if (++rack->met < rack->size) {
        rank_block(self, &rack->meeting_lock, &rack->meeting_over, has_gathered, &present);
    } else {
        serial(argument);
        rack->met = 0;
        rack->meetings++;
        rack_unblock(rack, rack->size - 1);
        pthread_cond_broadcast(&rack->meeting_over);
    }
    pthread_mutex_unlock(&rack->meeting_lock);
}
