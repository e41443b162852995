#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static void must_ascend(const int *members, int size, int ranks)
{
    for (int i = 0; i < size; i++)
        if (members[i] < 0 || members[i] >= ranks || (i > 0 && members[i] <= members[i - 1]))
            BUG("a group's members are ascending ranks; member %d is %d", i, members[i]);
}

static void count_lanes(struct rank *rank, int lane_base)
{
    int lanes = lane_base + GROUP_LANES;
    rank->posted = memory_resize(rank->posted, (size_t)lanes * sizeof *rank->posted);
    for (int lane = lane_base; lane < lanes; lane++)
        rank->posted[lane] = 0;
}

struct group *rack_group(struct rack *rack, const int *members, int size, bool pipeline)
{
    must_ascend(members, size, rack->size);
    struct group *group = memory_zeroed(1, sizeof *group);
    group->rack = rack;
    group->size = size;
    group->members = memory_zeroed((size_t)size, sizeof *group->members);
    group->lane_bases = memory_zeroed((size_t)size, sizeof *group->lane_bases);
    pthread_mutex_init(&group->lock, NULL);
    pthread_cond_init(&group->done, NULL);
    for (int i = 0; i < size; i++)
        group->members[i] = members[i];
    clock_add_group(rack->clock, members, size, pipeline, group->lane_bases);
    for (int i = 0; i < size; i++)
        count_lanes(&rack->ranks[members[i]], group->lane_bases[i]);
    *vector_push(&rack->groups, &rack->group_count, &rack->group_room) = group;
    return group;
}

int group_size(const struct group *group)
{
    return group->size;
}

int group_member_rank(const struct group *group, int index)
{
    return group->members[index];
}

static int compare_ranks(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int group_rank(const struct group *group, const struct rank *self)
{
    /* Where members are neighbours, the place is known. */
    unsigned guess = (unsigned)(self->id - group->members[0]);
    if (guess < (unsigned)group->size && group->members[guess] == self->id)
        return (int)guess;
    const int *place = bsearch(&self->id, group->members, (size_t)group->size,
                               sizeof *group->members, compare_ranks);
    if (!place)
        BUG("rank %d is no member of the group that it uses", self->id);
    return (int)(place - group->members);
}
