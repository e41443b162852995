/* Op streams: what a rank did, in program order, for the clock to time.
 *
 * An op is one 64-bit word: kind 3 bits, wide 1, lane 8, peer 20, value 32. Where the value does not
 * fit in 32 bits, `wide` is set and the next word holds it. A collective has three words more: its
 * schedule's address, its count of elements, and root << 32 | bytes of an element; or, of a stream that
 * keeps its calls aside, `wide` set and their number in the value's place. One writer (the
 * rank's thread) and one reader (whoever holds the clock's lock) at a time; an op becomes visible
 * whole. A kind beyond the seventh has 7 in its three bits, and what it is in the peer's place. A
 * stream grows when its writer runs ahead of the clock, so that appending never blocks.
 */
#ifndef THREADRACK_CLOCK_OP_H
#define THREADRACK_CLOCK_OP_H

#include "threadrack/clock/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op_kind {
    OP_COMPUTE,    /* value: duration in ps */
    OP_SEND,       /* lane, peer, value: bytes */
    OP_RECV,       /* lane, peer or OP_ANY, value: bytes */
    OP_COLLECTIVE, /* lane; schedule, count, root, element */
    OP_WAIT,       /* lane, value: until that many ops of the lane have ended (modulo 2^32) */
    OP_MARK,       /* the rank has ended a step; value: ranks from this one on have no marks, and this one
                    * stands for them (events only); 0: for itself; OP_ALONE: it is one of them, and only
                    * its own later operations are told apart */
    OP_END,        /* the rank has ended its program */
    OP_GRAPH,      /* the rank goes through its graph (clock_set_graphs), once */
    OP_ASK,        /* lane, value: see clock_answer_with */
    OP_TURN,       /* likewise */
    OP_SERVE       /* lane, value: bytes; see clock_answer_with */
};
#define OP_ALONE UINT32_MAX
#define OP_ALL (UINT32_MAX - 1) /* a mark of all ranks' next step, whose end this is */
/* The peer of a receive that takes what comes first. */
enum { OP_ANY = (1 << 20) - 1 };

struct op {
    enum op_kind kind;
    int lane, peer;
    uint64_t value;
    /* Of OP_COLLECTIVE: what its words hold; its peer is the member itself. */
    const struct schedule *schedule;
    size_t count, element_bytes;
    int root;
};

/* The call of a collective's op, in a group of that size. */
static inline struct call op_call(const struct op *op, int size)
{
    return (struct call){.size = size,
                         .rank = op->peer,
                         .root = op->root,
                         .count = op->count,
                         .context = op->schedule->context};
}

enum { OP_WORDS_MOST = 5 };
/* Both return how many words the op takes. */
int op_pack(const struct op *op, uint64_t words[OP_WORDS_MOST]);
int op_unpack(const uint64_t *words, struct op *op);

/* The collectives of many streams, each told of once: members post the same ones, and a step's buckets
 * are those of the step before. For one thread at a time. */
struct op_calls;

struct op_calls *op_calls_create(void);
void op_calls_free(struct op_calls *calls);
uint32_t op_calls_number(struct op_calls *calls, const struct op *op);
void op_calls_fill(const struct op_calls *calls, uint32_t number, struct op *op);

struct op_stream;

struct op_stream *op_stream_create(void);
void op_stream_free(struct op_stream *stream);
/* By the writer. `calls`: the same for all of the stream's ops; NULL: their words say all. */
void op_stream_append(struct op_stream *stream, const struct op *op, struct op_calls *calls);
/* Words that the reader has not taken yet, as the writer sees them. */
size_t op_stream_backlog(const struct op_stream *stream);
/* By the reader: false when there is no op yet, or no stream. */
bool op_stream_take(struct op_stream *stream, struct op *op, const struct op_calls *calls);
bool op_stream_empty(const struct op_stream *stream);
/* By whoever is writer and reader both: gives back what memory it can, the stream too when it is empty. */
void op_stream_trim(struct op_stream **stream);

enum { OP_PEERS_MOST = 1 << 20, OP_LANES_MOST = 1 << 8 };

#endif
