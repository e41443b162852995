/* Data groups cut into those that share what zero shards, and those that hold the same shares. */
#include "threadrack/comm/mesh.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

/* A data group from its rank `first` on, unit by unit and in a unit by rank. */
struct cut {
    const int *units;
    int first, stride, length;
    int *members; /* (length) */
};

static int by_unit(const void *left, const void *right, void *units)
{
    int a = *(const int *)left, b = *(const int *)right;
    const int *unit = units;
    return unit[a] != unit[b] ? (unit[a] < unit[b] ? -1 : 1) : a - b;
}

static int by_rank(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

static struct cut cut_begin(struct mesh_shape shape, const struct mesh_order *order, const int *units)
{
    int length = mesh_length(shape, AXIS_DATA);
    return (struct cut){.units = units,
                        .stride = mesh_stride(shape, order, AXIS_DATA),
                        .length = length,
                        .members = memory_zeroed((size_t)length, sizeof(int))};
}

/* False: no data group begins with that rank. */
static bool cut_at(struct cut *cut, int first)
{
    if (first / cut->stride % cut->length)
        return false;
    cut->first = first;
    for (int i = 0; i < cut->length; i++)
        cut->members[i] = first + i * cut->stride;
    qsort_r(cut->members, (size_t)cut->length, sizeof *cut->members, by_unit, (void *)cut->units);
    return true;
}

static int width_of(const struct cut *cut, int from)
{
    int to = from;
    while (to < cut->length && cut->units[cut->members[to]] == cut->units[cut->members[from]])
        to++;
    return to - from;
}

/* 0: its units differ in size. */
static int size_of(const struct cut *cut)
{
    int size = width_of(cut, 0);
    for (int from = 0; from < cut->length; from += size)
        if (width_of(cut, from) != size)
            return 0;
    return size;
}

int mesh_shards_of(struct mesh_shape shape, const struct mesh_order *order, const int *units)
{
    struct cut cut = cut_begin(shape, order, units);
    int ranks = mesh_size(shape), size = -1;
    for (int first = 0; first < ranks && size; first++)
        if (cut_at(&cut, first)) {
            int here = size_of(&cut);
            size = size < 0 || here == size ? here : 0;
        }
    free(cut.members);
    return size;
}

static struct group *make_group(struct rack *rack, const int *members, int count, const char *name)
{
    if (count == 1)
        return rack_lone_group(rack);
    struct group *group = rack_group(rack, members, count, false);
    rack_name_group(group, name);
    group_set_alike(group);
    return group;
}

static void each_of_cut(const struct cut *cut, int *room, shard_visit visit, void *context)
{
    int size = size_of(cut), count = cut->length / size;
    for (int from = 0; from < cut->length; from += size)
        visit(context, SHARD_GROUP, cut->members + from, size);
    for (int place = 0; place < size; place++) {
        for (int i = 0; i < count; i++)
            room[i] = cut->members[i * size + place];
        qsort(room, (size_t)count, sizeof *room, by_rank);
        visit(context, SHARD_COPIES, room, count);
    }
}

void mesh_each_shard(struct mesh_shape shape, const struct mesh_order *order, const int *units,
                     shard_visit visit, void *context)
{
    struct cut cut = cut_begin(shape, order, units);
    int ranks = mesh_size(shape);
    int *room = memory_zeroed((size_t)cut.length, sizeof *room);
    for (int first = 0; first < ranks; first++)
        if (cut_at(&cut, first))
            each_of_cut(&cut, room, visit, context);
    free(room);
    free(cut.members);
}

struct making {
    struct mesh *mesh;
    struct rack *rack;
};

static void make_one(void *context, enum shard_kind kind, const int *members, int count)
{
    struct making *making = context;
    bool copies = kind == SHARD_COPIES;
    struct group **by_rank = copies ? making->mesh->copies : making->mesh->shard;
    struct group *group = make_group(making->rack, members, count, copies ? "copies of a shard" : "shard");
    for (int i = 0; i < count; i++)
        by_rank[members[i]] = group;
}

void mesh_add_shards(struct mesh *mesh, struct rack *rack, const int *units)
{
    size_t ranks = (size_t)mesh_size(mesh->shape);
    struct making making = {mesh, rack};
    mesh->shard = mesh->gather = memory_zeroed(ranks, sizeof *mesh->shard);
    mesh->copies = memory_zeroed(ranks, sizeof *mesh->copies);
    mesh_each_shard(mesh->shape, &mesh->order, units, make_one, &making);
}

/* The same members, on a lane of their own. */
static struct group *second_of(struct rack *rack, const struct group *group)
{
    int size = group_size(group);
    int *members = memory_zeroed((size_t)size, sizeof *members);
    for (int i = 0; i < size; i++)
        members[i] = group_member_rank(group, i);
    struct group *second = make_group(rack, members, size, "data gather");
    free(members);
    return second;
}

static struct group **seconds_of(struct rack *rack, struct group *const *groups, int ranks)
{
    struct group **seconds = memory_zeroed((size_t)ranks, sizeof *seconds);
    for (int rank = 0; rank < ranks; rank++) {
        const struct group *group = groups[rank];
        if (seconds[rank])
            continue;
        struct group *second = second_of(rack, group);
        for (int i = 0; i < group_size(group); i++)
            seconds[group_size(group) == 1 ? rank : group_member_rank(group, i)] = second;
    }
    return seconds;
}

void mesh_add_gathers(struct mesh *mesh, struct rack *rack)
{
    int ranks = mesh_size(mesh->shape);
    mesh->gather = seconds_of(rack, mesh->shard, ranks);
    mesh->gather_experts = mesh->shape.expert > 1 ? seconds_of(rack, mesh->data, ranks) : mesh->gather;
}
