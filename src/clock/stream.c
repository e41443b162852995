#include "threadrack/clock/op.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { CHUNK_WORDS = 31 }; /* with `next`, four cache lines */

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
    assert(op->lane >= 0 && op->lane < OP_LANES_MOST && op->peer >= 0 && op->peer < OP_PEERS_MOST);
    bool wide = op->value > UINT32_MAX;
    put(stream, (uint64_t)op->kind | (uint64_t)wide << 3 | (uint64_t)op->lane << 4 |
                    (uint64_t)op->peer << 12 | (wide ? 0 : op->value << 32));
    if (wide)
        put(stream, op->value);
    if (op->kind == OP_COLLECTIVE) {
        put(stream, (uint64_t)(uintptr_t)op->schedule);
        put(stream, op->call.count);
        put(stream, (uint64_t)op->call.root << 32 | op->element_bytes);
    }
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
    uint64_t word = get(stream), words = 1;
    *op = (struct op){.kind = word & 7,
                      .lane = word >> 4 & (OP_LANES_MOST - 1),
                      .peer = word >> 12 & (OP_PEERS_MOST - 1),
                      .value = word >> 32};
    if (word & 8) {
        op->value = get(stream);
        words++;
    }
    if (op->kind == OP_COLLECTIVE) {
        op->schedule = (const struct schedule *)(uintptr_t)get(stream);
        op->call.count = get(stream);
        uint64_t last = get(stream);
        op->call.root = (int)(last >> 32);
        op->element_bytes = (uint32_t)last;
        words += 3;
    }
    atomic_store_explicit(&stream->taken, atomic_load(&stream->taken) + words,
                          memory_order_relaxed);
    return true;
}
