#include "threadrack/comm/allreduce.h"

enum { PAIRS_ALL = 64 };

static void widen(struct path *path, const struct cluster *cluster, int a, int b)
{
    struct path pair = cluster_path(cluster, a, b);
    if (pair.latency_ps > path->latency_ps)
        path->latency_ps = pair.latency_ps;
    if (pair.bandwidth_Bps < path->bandwidth_Bps)
        path->bandwidth_Bps = pair.bandwidth_Bps;
}

struct path group_path(const struct cluster *cluster, const struct group *group)
{
    struct path path = {.latency_ps = 0, .bandwidth_Bps = UINT64_MAX};
    int size = group_size(group);
    for (int i = 0; i < size; i++)
        for (int d = 1; d < size; d = size <= PAIRS_ALL ? d + 1 : 2 * d)
            widen(&path, cluster, group_member_rank(group, i), group_member_rank(group, (i + d) % size));
    return path;
}

void allreduce_init(struct allreduce *allreduce, struct rank *self, struct group *group,
                    const struct collective *fixed)
{
    *allreduce = (struct allreduce){.self = self, .group = group, .fixed = fixed};
    allreduce->path = group_path(rank_cluster(self), group);
}

static void note_use(struct allreduce *allreduce, const struct collective *collective)
{
    for (int i = 0; collectives[i]; i++)
        if (collectives[i] == collective)
            allreduce->used |= 1u << i;
}

struct request allreduce_post(struct allreduce *allreduce, float *vector, size_t count)
{
    const struct collective *collective = allreduce->fixed;
    int size = group_size(allreduce->group);
    if (!collective)
        collective = collective_cheapest("allreduce", size, count, sizeof *vector, allreduce->path);
    if (size > 1)
        note_use(allreduce, collective);
    return rank_post_collective(allreduce->self, allreduce->group, &collective->schedule, 0, vector,
                                count);
}

void allreduce_now(struct allreduce *allreduce, float *vector, size_t count)
{
    rank_wait(allreduce->self, allreduce_post(allreduce, vector, count));
}
