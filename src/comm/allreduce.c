#include "threadrack/comm/allreduce.h"

void allreduce_init(struct allreduce *allreduce, struct rank *self, struct group *group,
                    const struct collective *fixed)
{
    *allreduce = (struct allreduce){.self = self, .group = group, .fixed = fixed};
    allreduce->path = group_path(group);
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
