/* The exchange of gradients over a group: every member ends with the sums over the members of each of
 * some ranges of its gradients, compressed on the way or not (comm/compressor.h).
 *
 *     none, fp16, bf16:  [round] -> all-reduce
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

struct exchange;

/* In set-up: payloads and what is left out lie in the rank's region. `gradients` holds `floats` and is
 * NULL where the rank is not real; `ranges` are copied. All members' ranges are the same. */
struct exchange *exchange_create(struct rank *self, struct group *group,
                                 const struct exchange_plan *plan, float *gradients, size_t floats,
                                 const struct share *ranges, int count);
void exchange_free(struct exchange *exchange);
/* The i-th range is ready; all members post in the same order, each range once a step. */
void exchange_post(struct exchange *exchange, int i);
/* All ranges posted since the last wait hold their sums. */
void exchange_wait(struct exchange *exchange);
/* See allreduce.used. */
uint64_t exchange_used(const struct exchange *exchange);

#endif
