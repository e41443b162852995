/* The exchange of gradients over a group: every member ends with the sums over the members of each of
 * some ranges of its gradients, compressed on the way or not (comm/compressor.h).
 *
 *     none, fp16, bf16:  [round] -> all-reduce
 *     powersgd:          see src/comm/lowrank.h
 *     coded:             [+ what was left out] -> encode -> all-gather of payloads -> decode each, add
 */
#ifndef THREADRACK_COMM_EXCHANGE_H
#define THREADRACK_COMM_EXCHANGE_H

#include "threadrack/base/share.h"
#include "threadrack/comm/allreduce.h"
#include "threadrack/comm/compressor.h"

/* What all exchanges of a run share. */
struct exchange_plan {
    struct algorithms *allreduce;
    struct algorithms *allgather; /* NULL where nothing is coded */
    struct compressor compressor;
    uint64_t seed;
};

/* A matrix among the gradients, row-major and dense. */
struct matrix {
    size_t at, rows, columns;
};

struct exchange;

/* What is exchanged: the same at all members. */
struct gradients {
    float *values; /* (floats); NULL where the rank is not real */
    size_t floats;
    const struct matrix *matrices; /* in the order of `at`; what is none is a vector */
    int matrix_count;
    const struct share *ranges;
    int range_count;
};

/* In set-up: payloads and what is left out lie in the rank's region. The lists are copied. */
struct exchange *exchange_create(struct rank *self, struct group *group,
                                 const struct exchange_plan *plan,
                                 const struct gradients *gradients);
void exchange_free(struct exchange *exchange);
/* So many steps were taken before, by the training that this one resumes: draws go on from there. What
 * compressors left out then is lost. */
void exchange_begin(struct exchange *exchange, uint64_t steps);
/* The i-th range is ready; all members post in the same order, each range once a step. */
void exchange_post(struct exchange *exchange, int i);
/* The same of gradients that lie elsewhere: uncompressed or narrow ones only, and again in a step once
 * they have been waited for. */
void exchange_post_at(struct exchange *exchange, int i, float *values);
/* The i-th range, if it was posted, holds its sums. */
void exchange_wait_for(struct exchange *exchange, int i);
/* All ranges posted since the last wait hold their sums. */
void exchange_wait(struct exchange *exchange);
/* See allreduce.used. */
uint64_t exchange_used(const struct exchange *exchange);

/* What gradients are sent as that are not coded. */
enum element exchange_element(const struct exchange *exchange);

#endif
