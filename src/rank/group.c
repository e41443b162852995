#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

static int *copy_of(const int *values, int count)
{
    int *copy = memory_zeroed((size_t)count, sizeof *copy);
    return memcpy(copy, values, (size_t)count * sizeof *copy);
}

static void must_ascend(const int *members, int size, int ranks)
{
    for (int i = 0; i < size; i++)
        if (members[i] < 0 || members[i] >= ranks || (i > 0 && members[i] <= members[i - 1]))
            BUG("a group's members are ascending ranks; member %d is %d", i, members[i]);
}

static void count_lanes(struct rank *rank, int lane_base)
{
    size_t before = (size_t)lane_base * sizeof(uint32_t), own = GROUP_LANES * sizeof(uint32_t);
    if (before + own > sizeof rank->posted.of_one) {
        uint32_t *posted = memory_resize(rank->has_more ? rank->posted.of_more : NULL, before + own);
        if (!rank->has_more)
            memcpy(posted, rank->posted.of_one, before);
        rank->posted.of_more = posted;
        rank->has_more = true;
    }
    memset(rank_posted(rank, lane_base), 0, own);
}

/* The groups of a mesh are strides, and need no list of their members. */
static void keep_members(struct group *group, const int *members)
{
    group->first = members[0];
    group->stride = group->size > 1 ? members[1] - members[0] : 1;
    for (int i = 0; i < group->size; i++)
        if (members[i] != group->first + i * group->stride) {
            group->members = copy_of(members, group->size);
            return;
        }
    group->dense = group->stride == 1;
}

static void keep_lanes(struct group *group, int *lane_bases)
{
    group->lane_base = lane_bases[0];
    for (int i = 0; i < group->size; i++)
        if (lane_bases[i] != group->lane_base) {
            group->lane_bases = copy_of(lane_bases, group->size);
            return;
        }
}

enum { PAIRS_ALL = 64 };

static void widen(struct path *path, const struct cluster *cluster, int a, int b)
{
    struct path pair = cluster_path(cluster, a, b);
    if (pair.latency_ps > path->latency_ps)
        path->latency_ps = pair.latency_ps;
    if (pair.bandwidth_Bps < path->bandwidth_Bps)
        path->bandwidth_Bps = pair.bandwidth_Bps;
}

static struct path widest_path(const struct cluster *cluster, const int *members, int size)
{
    struct path path = {.latency_ps = 0, .bandwidth_Bps = UINT64_MAX};
    for (int i = 0; i < size; i++)
        for (int d = 1; d < size; d = size <= PAIRS_ALL ? d + 1 : 2 * d)
            widen(&path, cluster, members[i], members[(i + d) % size]);
    return path;
}

struct group *rack_group(struct rack *rack, const int *members, int size, bool pipeline)
{
    must_ascend(members, size, rack->size);
    struct group *group = memory_zeroed(1, sizeof *group);
    int *lane_bases = memory_zeroed((size_t)size, sizeof *lane_bases);
    group->rack = rack;
    group->size = size;
    group->path = widest_path(rack->cluster, members, size);
    group->number = clock_add_group(rack->clock, members, size, pipeline, lane_bases);
    for (int i = 0; i < size; i++)
        count_lanes(&rack->ranks[members[i]], lane_bases[i]);
    keep_members(group, members);
    keep_lanes(group, lane_bases);
    free(lane_bases);
    *vector_push(&rack->groups, &rack->group_count, &rack->group_room) = group;
    return group;
}

void rack_name_group(struct group *group, const char *name)
{
    clock_name_group(group->rack->clock, group->number, name);
}

struct group *rack_lone_group(struct rack *rack)
{
    if (!rack->lone) {
        rack->lone = memory_zeroed(1, sizeof *rack->lone);
        *rack->lone = (struct group){
            .rack = rack, .size = 1, .path = {.latency_ps = 0, .bandwidth_Bps = UINT64_MAX}};
    }
    return rack->lone;
}

static void free_meetings(struct group *group)
{
    for (int i = 0; i < group->meeting_room; i++)
        free(group->meetings[i].vectors);
    free(group->meetings);
}

void group_free(struct group *group)
{
    if (!group)
        return;
    free_meetings(group);
    moves_release(group);
    if (group->gate) {
        pthread_mutex_destroy(&group->gate->lock);
        pthread_cond_destroy(&group->gate->done);
    }
    free(group->gate);
    free(group->members);
    free(group->lane_bases);
    free(group);
}

void group_set_alike(struct group *group)
{
    group->alike = true;
}

bool group_is_alike(const struct group *group)
{
    return group->alike;
}

int group_size(const struct group *group)
{
    return group->size;
}

struct path group_path(const struct group *group)
{
    return group->path;
}

int group_member_rank(const struct group *group, int index)
{
    return group->members ? group->members[index] : group->first + index * group->stride;
}

static int compare_ranks(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int find_member(const struct group *group, int id)
{
    if (group->members) {
        const int *place = bsearch(&id, group->members, (size_t)group->size, sizeof id, compare_ranks);
        return place ? (int)(place - group->members) : -1;
    }
    int from = id - group->first, index = group->stride == 1 ? from : from / group->stride;
    return from >= 0 && index < group->size && index * group->stride == from ? index : -1;
}

int group_rank(const struct group *group, const struct rank *self)
{
    if (group == self->rack->lone)
        return 0;
    int index = find_member(group, self->id);
    if (index < 0)
        BUG("rank %d is no member of the group that it uses", self->id);
    return index;
}
