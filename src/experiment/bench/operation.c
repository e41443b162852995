/* nccl-tests, doc/PERFORMANCE.md: bus bandwidth is algorithm bandwidth times a factor, so that it
 * can be held against a link's bandwidth whatever the number of ranks. */
#include "inside.h"

#include <string.h>

static double twice_all_but_one(double ranks)
{
    return 2 * (ranks - 1) / ranks;
}

static double all_but_one(double ranks)
{
    return (ranks - 1) / ranks;
}

static double once(double ranks)
{
    (void)ranks;
    return 1;
}

const struct bench_operation *bench_operation(const char *name)
{
    static const struct bench_operation operations[] = {
        {"allreduce", twice_all_but_one, "sum", false},
        {"reduce_scatter", all_but_one, "sum", false},
        {"allgather", all_but_one, "none", false},
        {"alltoall", all_but_one, "none", false},
        {"broadcast", once, "none", true},
        {"reduce", once, "sum", true},
        {"gather", all_but_one, "none", true},
        {"scatter", all_but_one, "none", true},
    };
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (!strcmp(operations[i].name, name))
            return &operations[i];
    return NULL;
}
