/* All-reduce for rank programs: the algorithm that was asked for, or by `auto` the cheapest by
 * closed form for each group and length. */
#ifndef THREADRACK_COMM_ALLREDUCE_H
#define THREADRACK_COMM_ALLREDUCE_H

#include "threadrack/comm/collective.h"
#include "threadrack/rank/post.h"

/* One rank's end of a group's all-reduces. */
struct allreduce {
    struct rank *self;
    struct group *group;
    const struct collective *fixed; /* NULL: auto */
    struct path path;  /* of the group */
    unsigned used;     /* bit i: collectives[i] has run */
};

/* `fixed`: the algorithm asked for, NULL for auto. */
void allreduce_init(struct allreduce *allreduce, struct rank *self, struct group *group,
                    const struct collective *fixed);
/* Posts the sum over the group of `count` floats at `vector`, in place. */
struct request allreduce_post(struct allreduce *allreduce, float *vector, size_t count);
/* The same, and waits. */
void allreduce_now(struct allreduce *allreduce, float *vector, size_t count);

#endif
