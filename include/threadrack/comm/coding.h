/* A range of gradients as a payload of 4-byte words, for the rank that sends it and for those that it is sent to:
 * coded compressors have payloads of their own, and of narrow ones two elements are a word. Not of low-rank ones,
 * whose factors are sums over all members (src/comm/lowrank.h). */
#ifndef THREADRACK_COMM_CODING_H
#define THREADRACK_COMM_CODING_H

#include "threadrack/comm/compressor.h"
#include "threadrack/rank/rank.h"

/* Words of the payload of `count` floats; 0 of none. */
size_t coding_words(const struct compressor *compressor, size_t count);
/* Costed; the pointers may be NULL where the rank is not real. Writes the payload of x (count), with what was `left`
 * of it before (NULL: no feedback) added, and leaves there what the payload leaves out, as in x. */
void coding_encode(struct rank *self, const struct compressor *compressor, struct range_key key, size_t count,
                   float *x, float *left, uint32_t *payload);
/* sum (count) += what the payload says; the key is its sender's. Not costed: */
void coding_add(const struct compressor *compressor, struct range_key key, size_t count, const uint32_t *payload,
                float *sum);
/* what that asks of the device. */
struct work coding_add_work(const struct compressor *compressor, size_t count);

#endif
