#include "threadrack/clock/op.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Room for a chunk's words: with its head, one or two cache lines. The first of a stream are small,
 * since there may be a hundred thousand streams that hold a few ops each. */
enum { WORDS_FIRST = 6, WORDS_MOST = 14 };

/* ---- Ops as words. ---- */

int op_pack(const struct op *op, uint64_t words[OP_WORDS_MOST])
{
    assert(op->lane >= 0 && op->lane < OP_LANES_MOST && op->peer >= 0 && op->peer < OP_PEERS_MOST);
    bool wide = op->value > UINT32_MAX;
    assert(!wide || op->kind != OP_COLLECTIVE);
    int count = 0;
    bool beyond = op->kind > OP_GRAPH;
    uint64_t kind = beyond ? OP_GRAPH : op->kind;
    uint64_t peer = beyond ? (uint64_t)(op->kind - OP_GRAPH) : (uint64_t)op->peer;
    words[count++] = kind | (uint64_t)wide << 3 | (uint64_t)op->lane << 4 | peer << 12 |
                     (wide ? 0 : op->value << 32);
    if (wide)
        words[count++] = op->value;
    if (op->kind == OP_COLLECTIVE) {
        words[count++] = (uint64_t)(uintptr_t)op->schedule;
        words[count++] = op->count;
        words[count++] = (uint64_t)op->root << 32 | op->element_bytes;
    }
    return count;
}

enum { WIDE = 8 };

/* A collective whose call is kept aside. */
static bool is_aside(uint64_t first)
{
    return (first & 7) == OP_COLLECTIVE && (first & WIDE);
}

/* Of the op that begins with this one. */
static int op_words(uint64_t first)
{
    if ((first & 7) == OP_COLLECTIVE)
        return first & WIDE ? 1 : 4;
    return first & WIDE ? 2 : 1;
}

static uint64_t pack_aside(const struct op *op, struct op_calls *calls)
{
    return (uint64_t)OP_COLLECTIVE | WIDE | (uint64_t)op->lane << 4 | (uint64_t)op->peer << 12 |
           (uint64_t)op_calls_number(calls, op) << 32;
}

static void unpack_aside(uint64_t first, const struct op_calls *calls, struct op *op)
{
    *op = (struct op){.kind = OP_COLLECTIVE,
                      .lane = first >> 4 & (OP_LANES_MOST - 1),
                      .peer = first >> 12 & (OP_PEERS_MOST - 1)};
    op_calls_fill(calls, (uint32_t)(first >> 32), op);
}

int op_unpack(const uint64_t *words, struct op *op)
{
    uint64_t first = words[0];
    const uint64_t *rest = words + 1;
    *op = (struct op){.kind = first & 7,
                      .lane = first >> 4 & (OP_LANES_MOST - 1),
                      .peer = first >> 12 & (OP_PEERS_MOST - 1),
                      .value = first & 8 ? *rest++ : first >> 32};
    if (op->kind == OP_GRAPH) {
        op->kind = (enum op_kind)(OP_GRAPH + op->peer);
        op->peer = 0;
    }
    if (op->kind == OP_COLLECTIVE) {
        op->schedule = (const struct schedule *)(uintptr_t)rest[0];
        op->count = rest[1];
        op->root = (int)(rest[2] >> 32);
        op->element_bytes = (uint32_t)rest[2];
    }
    return op_words(first);
}

/* ---- A rank's stream. ---- */

struct chunk {
    struct chunk *next; /* written before the words that follow in it are published */
    int room;
    uint64_t words[];
};

/* A queue of chunks. The writer owns tail and what lies behind `written`; the reader owns head. One
 * emptied chunk is handed back through `spare`, so that a stream in balance allocates nothing. */
struct op_stream {
    struct chunk *first; /* the first ever, for a reader that has none yet */
    struct chunk *head, *tail;
    int head_at, tail_at;
    _Atomic uint64_t written, taken;
    _Atomic(struct chunk *) spare;
};

static struct chunk *chunk_new(int room)
{
    struct chunk *chunk = memory_resize(NULL, sizeof *chunk + (size_t)room * sizeof *chunk->words);
    chunk->next = NULL;
    chunk->room = room;
    return chunk;
}

struct op_stream *op_stream_create(void)
{
    return memory_zeroed(1, sizeof(struct op_stream));
}

static void free_chunks(struct op_stream *stream)
{
    for (struct chunk *chunk = stream->head ? stream->head : stream->first; chunk;) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(atomic_load(&stream->spare));
}

void op_stream_free(struct op_stream *stream)
{
    if (stream)
        free_chunks(stream);
    free(stream);
}

void op_stream_trim(struct op_stream **stream)
{
    if (!*stream)
        return;
    if (!op_stream_empty(*stream)) {
        free(atomic_exchange(&(*stream)->spare, NULL));
        return;
    }
    op_stream_free(*stream);
    *stream = NULL;
}

/* Behind the tail, which is full or not there. */
static void add_chunk(struct op_stream *stream)
{
    struct chunk *old = stream->tail, *chunk = atomic_exchange(&stream->spare, NULL);
    int room = !old ? WORDS_FIRST : 2 * old->room + 2;
    if (!chunk)
        chunk = chunk_new(room < WORDS_MOST ? room : WORDS_MOST);
    chunk->next = NULL;
    *(old ? &old->next : &stream->first) = chunk;
    stream->tail = chunk;
    stream->tail_at = 0;
}

static void put(struct op_stream *stream, uint64_t word)
{
    if (!stream->tail || stream->tail_at == stream->tail->room)
        add_chunk(stream);
    stream->tail->words[stream->tail_at++] = word;
}

/* Small chunks are not worth keeping. */
static void next_chunk(struct op_stream *stream)
{
    struct chunk *emptied = stream->head;
    stream->head = emptied ? emptied->next : stream->first;
    stream->head_at = 0;
    if (emptied && emptied->room == WORDS_MOST)
        emptied = atomic_exchange(&stream->spare, emptied);
    free(emptied);
}

static uint64_t get(struct op_stream *stream)
{
    if (!stream->head || stream->head_at == stream->head->room)
        next_chunk(stream);
    return stream->head->words[stream->head_at++];
}

void op_stream_append(struct op_stream *stream, const struct op *op, struct op_calls *calls)
{
    uint64_t words[OP_WORDS_MOST];
    int count = 1;
    if (calls && op->kind == OP_COLLECTIVE)
        words[0] = pack_aside(op, calls);
    else
        count = op_pack(op, words);
    for (int i = 0; i < count; i++)
        put(stream, words[i]);
    uint64_t written = atomic_load_explicit(&stream->written, memory_order_relaxed);
    atomic_store_explicit(&stream->written, written + (uint64_t)count, memory_order_release);
}

size_t op_stream_backlog(const struct op_stream *stream)
{
    return atomic_load_explicit(&stream->written, memory_order_relaxed) -
           atomic_load_explicit(&stream->taken, memory_order_relaxed);
}

bool op_stream_empty(const struct op_stream *stream)
{
    return atomic_load_explicit(&stream->written, memory_order_acquire) ==
           atomic_load_explicit(&stream->taken, memory_order_relaxed);
}

bool op_stream_take(struct op_stream *stream, struct op *op, const struct op_calls *calls)
{
    if (!stream || op_stream_empty(stream))
        return false;
    uint64_t words[OP_WORDS_MOST] = {get(stream)};
    int count = op_words(words[0]);
    for (int i = 1; i < count; i++)
        words[i] = get(stream);
    if (is_aside(words[0]))
        unpack_aside(words[0], calls, op);
    else
        op_unpack(words, op);
    atomic_store_explicit(&stream->taken,
                          atomic_load_explicit(&stream->taken, memory_order_relaxed) +
                              (uint64_t)count,
                          memory_order_relaxed);
    return true;
}
