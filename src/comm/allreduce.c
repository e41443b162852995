#include "threadrack/comm/allreduce.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static struct pattern *pattern_of(struct algorithms *algorithms, const struct group *group)
{
    int size = group_size(group);
    int first[2] = {group_member_rank(group, 0), group_member_rank(group, size > 1)};
    struct pattern *known = algorithms_known(algorithms, first, size, group_path(group));
    if (known)
        return known;
    int *nodes = memory_zeroed((size_t)size, sizeof *nodes);
    for (int i = 0; i < size; i++)
        nodes[i] = group_member_rank(group, i);
    struct pattern *pattern = algorithms_pattern(algorithms, nodes, size, group_path(group));
    free(nodes);
    return pattern;
}

void allreduce_init(struct allreduce *allreduce, struct rank *self, struct group *group,
                    struct algorithms *algorithms)
{
    *allreduce = (struct allreduce){.self = self, .group = group, .algorithms = algorithms};
    allreduce->pattern = pattern_of(algorithms, group);
}

static void note_use(struct allreduce *allreduce, const struct collective *collective)
{
    int i = 0;
    while (collectives[i] && collectives[i] != collective)
        i++;
    allreduce->used |= collectives[i] ? (uint64_t)1 << i : ALLREDUCE_FILE;
}

struct request allreduce_post(struct allreduce *allreduce, float *vector, size_t count)
{
    return allreduce_post_as(allreduce, ELEMENT_FP32, vector, count);
}

/* What the algorithm chosen, or what stands in for it, is to do. */
static const struct schedule *schedule_for(struct allreduce *allreduce, size_t count, size_t bytes_each)
{
    struct choice choice = algorithms_pick(allreduce->algorithms, allreduce->pattern, count, bytes_each);
    if (group_size(allreduce->group) > 1)
        note_use(allreduce, choice.kind);
    const struct schedule *closed =
        group_is_alike(allreduce->group)
            ? algorithms_stand_in(allreduce->algorithms, allreduce->pattern, choice, count, bytes_each)
            : NULL;
    return closed ? closed : &choice.collective->schedule;
}

struct request allreduce_post_as(struct allreduce *allreduce, enum element element, float *vector,
                                 size_t count)
{
    const struct schedule *schedule = schedule_for(allreduce, count, element_bytes(element));
    return rank_post_collective_as(allreduce->self, allreduce->group, schedule, 0, element, vector,
                                   count);
}

static void run(struct allreduce *allreduce, enum element element, float *vector, size_t count)
{
    const struct schedule *schedule = schedule_for(allreduce, count, element_bytes(element));
    rank_collective_as(allreduce->self, allreduce->group, schedule, 0, element, vector, count);
}

void allreduce_now(struct allreduce *allreduce, float *vector, size_t count)
{
    run(allreduce, ELEMENT_FP32, vector, count);
}

struct request allreduce_post_numbers(struct allreduce *allreduce, enum number number, float *vector,
                                      size_t count)
{
    return allreduce_post_as(allreduce, rank_element(allreduce->self, number), vector, count);
}

void allreduce_numbers(struct allreduce *allreduce, enum number number, float *vector, size_t count)
{
    run(allreduce, rank_element(allreduce->self, number), vector, count);
}
