/* Compressors: what is sent of a range of gradients instead of all of it.
 *
 * A family of three kinds. *Narrow* ones (fp16, bf16) round every element and all-reduce it as that type:
 * each addition on the way is rounded again, as on real hardware. *Coded* ones turn a range of n floats
 * into a payload of 4-byte words, which an all-gather brings to every member; each member decodes all
 * payloads and adds them up in the order of members, so that all end with the same bits. *Low-rank*
 * ones send two factors of each matrix (src/comm/lowrank.h).
 *
 * With feedback, what a payload leaves out is kept and added to the next step's gradients (Seide et
 * al.: 1-bit SGD, Interspeech 2014; Karimireddy et al.: Error feedback fixes SignSGD, ICML 2019): an
 * element that is sent is sent exactly by topk and randomk, so that nothing is lost. Draws are keyed by
 * (seed, rank, step, place), so that a receiver draws a sender's positions for itself.
 *
 * To add one: src/comm/compressors/<name>.c and a row in src/comm/compressor.def.
 */
#ifndef THREADRACK_COMM_COMPRESSOR_H
#define THREADRACK_COMM_COMPRESSOR_H

#include "threadrack/base/errors.h"
#include "threadrack/base/philox.h"
#include "threadrack/clock/work.h"
#include "threadrack/math/narrow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct compressor_ops;

/* What was asked for; the same for all ranks. */
struct compressor {
    const struct compressor_ops *ops;
    double ratio;  /* topk, randomk: share of the elements that is sent */
    int bits;      /* qsgd: of a sent element, its sign included */
    int rank;      /* powersgd: of the factors */
    bool feedback; /* what is left out is added to the next step's */
};

/* A range of one rank's gradients in one step, as a draw knows it. */
struct range_key {
    struct draw draw; /* purpose PURPOSE_COMPRESS, rank: the sender, step */
    size_t at;        /* of its first element, among all: draws of ranges do not overlap */
};

struct compressor_ops {
    const char *name, *summary, *options;
    /* Reads one option; false: it has no such option, or the value is wrong (then a message). NULL: it
     * takes none. */
    bool (*read)(struct compressor *compressor, const char *key, const char *value, const char *where,
                 struct errors *errors);
    enum element element; /* of a narrow one */
    bool feedback;        /* the default */
    bool low_rank;

    /* ---- Of a coded one; NULL of a narrow one. ---- */

    /* Words of the payload of `count` floats, count > 0. */
    size_t (*words)(const struct compressor *compressor, size_t count);
    /* Writes the payload of x (count). On return x holds what the payload leaves out. */
    void (*encode)(const struct compressor *compressor, struct range_key key, size_t count, float *x,
                   uint32_t *payload);
    /* sum (count) += what the payload says; the key is its sender's. */
    void (*decode)(const struct compressor *compressor, struct range_key key, size_t count,
                   const uint32_t *payload, float *sum);
    /* Once all members' payloads have been added. NULL: the sum is the result. */
    void (*settle)(size_t count, float *sum);
    /* What encoding, and what decoding one payload, asks of the device. */
    struct work (*encode_work)(const struct compressor *compressor, size_t count);
    struct work (*decode_work)(const struct compressor *compressor, size_t count);
};

extern const struct compressor_ops *const compressors[]; /* NULL at the end */
extern const struct compressor_ops compressor_none;

/* "topk:ratio=0.01". */
bool compressor_parse(struct compressor *compressor, const char *text, const char *where,
                      struct errors *errors);

#endif
