/* All-reduce for rank programs, by the algorithm that comm/algorithms.h picks; and, where the
 * algorithms are of another operation that has no root, that operation. */
#ifndef THREADRACK_COMM_ALLREDUCE_H
#define THREADRACK_COMM_ALLREDUCE_H

#include "threadrack/comm/algorithms.h"
#include "threadrack/rank/post.h"

#define ALLREDUCE_FILE ((uint64_t)1 << 63)

/* One rank's end of a group's all-reduces (or all-gathers, ...). */
struct allreduce {
    struct rank *self;
    struct group *group;
    struct algorithms *algorithms;
    struct pattern *pattern; /* of the group */
    uint64_t used;           /* bit i: collectives[i] has run; ALLREDUCE_FILE: the file's */
};

void allreduce_init(struct allreduce *allreduce, struct rank *self, struct group *group,
                    struct algorithms *algorithms);
/* Posts the sum over the group of `count` floats at `vector`, in place. */
struct request allreduce_post(struct allreduce *allreduce, float *vector, size_t count);
struct request allreduce_post_as(struct allreduce *allreduce, enum element element, float *vector,
                                 size_t count);
/* The same, and waits. */
void allreduce_now(struct allreduce *allreduce, float *vector, size_t count);
/* Of numbers as the run's precision sends them. */
struct request allreduce_post_numbers(struct allreduce *allreduce, enum number number, float *vector,
                                      size_t count);
void allreduce_numbers(struct allreduce *allreduce, enum number number, float *vector, size_t count);

#endif
