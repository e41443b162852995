#include "threadrack/clock/op.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHUNK_WORDS = 31 }; /* with `next`, four cache lines */

/* ---- Ops as words. ---- */

int op_pack(const struct op *op, uint64_t words[OP_WORDS_MOST])
{
    assert(op->lane >= 0 && op->lane < OP_LANES_MOST && op->peer >= 0 && op->peer < OP_PEERS_MOST);
    bool wide = op->value > UINT32_MAX;
    int count = 0;
    words[count++] = (uint64_t)op->kind | (uint64_t)wide << 3 | (uint64_t)op->lane << 4 |
                     (uint64_t)op->peer << 12 | (wide ? 0 : op->value << 32);
    if (wide)
        words[count++] = op->value;
    if (op->kind == OP_COLLECTIVE) {
        words[count++] = (uint64_t)(uintptr_t)op->schedule;
        words[count++] = op->call.count;
        words[count++] = (uint64_t)op->call.root << 32 | op->element_bytes;
    }
    return count;
}

/* Of the op that begins with this one. */
static int op_words(uint64_t first)
{
    return 1 + (first >> 3 & 1) + ((first & 7) == OP_COLLECTIVE ? 3 : 0);
}

int op_unpack(const uint64_t *words, struct op *op)
{
    uint64_t first = words[0];
    const uint64_t *rest = words + 1;
    *op = (struct op){.kind = first & 7,
                      .lane = first >> 4 & (OP_LANES_MOST - 1),
                      .peer = first >> 12 & (OP_PEERS_MOST - 1),
                      .value = first & 8 ? *rest++ : first >> 32};
    if (op->kind == OP_COLLECTIVE) {
        op->schedule = (const struct schedule *)(uintptr_t)rest[0];
        op->call.count = rest[1];
        op->call.root = (int)(rest[2] >> 32);
        op->element_bytes = (uint32_t)rest[2];
    }
    return op_words(first);
}

/* ---- A rank's stream. ---- */

struct chunk {
    struct chunk *next; /* written before the words that follow in it are published */
    uint64_t words[CHUNK_WORDS];
};

/* A queue of chunks. The writer owns tail and the words behind `written`; the reader owns head. One
 * emptied chunk is handed back through `spare`, so that a stream in balance allocates nothing. */
struct op_stream {
    struct chunk *tail;
    int tail_at;
    uint64_t staged;
    _Atomic uint64_t written;
    _Atomic(struct chunk *) spare;

    _Alignas(64) struct chunk *head;
    int head_at;
    _Atomic uint64_t taken;
};

static struct chunk *chunk_new(void)
{
    struct chunk *chunk = memory_resize(NULL, sizeof *chunk);
    chunk->next = NULL;
    return chunk;
}

struct op_stream *op_stream_create(void)
{
    struct op_stream *stream = aligned_alloc(64, (sizeof *stream + 63) / 64 * 64);
    if (!stream)
        return memory_zeroed(SIZE_MAX, 1); /* says so and stops */
    *stream = (struct op_stream){0};
    stream->head = stream->tail = chunk_new();
    return stream;
}

void op_stream_free(struct op_stream *stream)
{
    if (!stream)
        return;
    for (struct chunk *chunk = stream->head; chunk;) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(atomic_load(&stream->spare));
    free(stream);
}

static void put(struct op_stream *stream, uint64_t word)
{
    if (stream->tail_at == CHUNK_WORDS) {
        struct chunk *chunk = atomic_exchange(&stream->spare, NULL);
        if (!chunk)
            chunk = chunk_new();
        chunk->next = NULL;
        stream->tail->next = chunk;
        stream->tail = chunk;
        stream->tail_at = 0;
    }
    stream->tail->words[stream->tail_at++] = word;
    stream->staged++;
}

static uint64_t get(struct op_stream *stream)
{
    if (stream->head_at == CHUNK_WORDS) {
        struct chunk *emptied = stream->head;
        stream->head = emptied->next;
        stream->head_at = 0;
        free(atomic_exchange(&stream->spare, emptied));
    }
    return stream->head->words[stream->head_at++];
}

void op_stream_append(struct op_stream *stream, const struct op *op)
{
    uint64_t words[OP_WORDS_MOST];
    int count = op_pack(op, words);
    for (int i = 0; i < count; i++)
        put(stream, words[i]);
    atomic_store_explicit(&stream->written, stream->staged, memory_order_release);
}

size_t op_stream_backlog(const struct op_stream *stream)
{
    return stream->staged - atomic_load_explicit(&stream->taken, memory_order_relaxed);
}

bool op_stream_empty(const struct op_stream *stream)
{
    return atomic_load_explicit(&stream->written, memory_order_acquire) ==
           atomic_load_explicit(&stream->taken, memory_order_relaxed);
}

bool op_stream_take(struct op_stream *stream, struct op *op)
{
    if (op_stream_empty(stream))
        return false;
    uint64_t words[OP_WORDS_MOST] = {get(stream)};
    int count = op_words(words[0]);
    for (int i = 1; i < count; i++)
        words[i] = get(stream);
    op_unpack(words, op);
    atomic_store_explicit(&stream->taken,
                          atomic_load_explicit(&stream->taken, memory_order_relaxed) +
                              (uint64_t)count,
                          memory_order_relaxed);
    return true;
}
