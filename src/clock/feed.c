#include "feed.h"

#include "state.h"

#include "threadrack/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BLOCK_WORDS = 2048, BLOCKS = 32 };

/* Entries: a rank's number and its op's words; or RESOLVE alone. */
#define RESOLVE UINT64_MAX

struct block {
    int count;
    uint64_t words[BLOCK_WORDS];
};

struct feed {
    struct clock *clock;
    pthread_t thread;
    bool started;
    atomic_bool stuck;

    struct block *blocks;    /* a ring */
    uint64_t filling;        /* the first thread's own, by number from 0 on */
    pthread_mutex_t lock;    /* of what follows */
    pthread_cond_t enough;   /* blocks for the second thread, or all */
    pthread_cond_t emptied;  /* room for the first */
    uint64_t filled, taken;  /* blocks so far */
    bool all;                /* nothing follows */
};

struct feed *feed_create(struct clock *clock)
{
    struct feed *feed = memory_zeroed(1, sizeof *feed);
    feed->clock = clock;
    feed->blocks = memory_zeroed(BLOCKS, sizeof *feed->blocks);
    pthread_mutex_init(&feed->lock, NULL);
    pthread_cond_init(&feed->enough, NULL);
    pthread_cond_init(&feed->emptied, NULL);
    return feed;
}

/* ---- The second thread. ---- */

/* Once ranks wait for ever, the first thread would have stopped: only what it does then is done. */
static void do_one(struct feed *feed, int rank, const struct op *op)
{
    if (!atomic_load_explicit(&feed->stuck, memory_order_relaxed) || op->kind == OP_END)
        clock_take(feed->clock, rank, op);
}

static void resolve(struct feed *feed)
{
    if (atomic_load_explicit(&feed->stuck, memory_order_relaxed))
        return;
    clock_resolve_now(feed->clock);
    if (feed->clock->stuck)
        atomic_store(&feed->stuck, true);
}

static void take_block(struct feed *feed, const struct block *block)
{
    struct op op;
    for (int at = 0; at < block->count;) {
        uint64_t first = block->words[at++];
        if (first == RESOLVE) {
            resolve(feed);
        } else {
            at += op_unpack(&block->words[at], &op);
            do_one(feed, (int)first, &op);
        }
    }
}

/* The next block; NULL: all has been taken. */
static struct block *next_block(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    if (feed->filled == feed->taken)
        while (feed->filled - feed->taken < BLOCKS / 2 && !feed->all)
            pthread_cond_wait(&feed->enough, &feed->lock);
    struct block *block =
        feed->filled == feed->taken ? NULL : &feed->blocks[feed->taken % BLOCKS];
    pthread_mutex_unlock(&feed->lock);
    return block;
}

static void give_back(struct feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->taken++;
    if (feed->filled - feed->taken == BLOCKS / 2)
        pthread_cond_signal(&feed->emptied);
    pthread_mutex_unlock(&feed->lock);
}

static void *take_all(void *argument)
{
    struct feed *feed = argument;
    for (struct block *block; (block = next_block(feed)); give_back(feed))
        take_block(feed, block);
    return NULL;
}

/* ---- The first. ---- */

static void publish(struct feed *feed, bool all)
{
    pthread_mutex_lock(&feed->lock);
    feed->filled = ++feed->filling;
    feed->all = all;
    if (all || feed->filled - feed->taken == BLOCKS / 2)
        pthread_cond_signal(&feed->enough);
    if (!all && feed->filled - feed->taken == BLOCKS)
        while (feed->filled - feed->taken > BLOCKS / 2)
            pthread_cond_wait(&feed->emptied, &feed->lock);
    pthread_mutex_unlock(&feed->lock);
}

/* The block is full. A host that has no second thread to give is slower, not different. */
static void pass_on(struct feed *feed, struct block *block)
{
    if (!feed->started)
        feed->started = pthread_create(&feed->thread, NULL, take_all, feed) == 0;
    if (feed->started)
        publish(feed, false);
    else
        take_block(feed, block);
}

/* Room for an entry, in the block that is being filled. */
static uint64_t *room(struct feed *feed, int words)
{
    struct block *block = &feed->blocks[feed->filling % BLOCKS];
    if (block->count + words > BLOCK_WORDS) {
        pass_on(feed, block);
        block = &feed->blocks[feed->filling % BLOCKS];
        block->count = 0;
    }
    block->count += words;
    return &block->words[block->count - words];
}

void feed_append(struct feed *feed, int rank, const struct op *op)
{
    uint64_t words[OP_WORDS_MOST];
    int count = op_pack(op, words);
    uint64_t *place = room(feed, 1 + count);
    place[0] = (uint64_t)rank;
    for (int i = 0; i < count; i++)
        place[1 + i] = words[i];
}

void feed_resolve(struct feed *feed)
{
    *room(feed, 1) = RESOLVE;
}

bool feed_is_stuck(const struct feed *feed)
{
    return atomic_load(&feed->stuck);
}

void feed_end(struct feed *feed)
{
    if (feed->started) {
        publish(feed, true);
        pthread_join(feed->thread, NULL);
    } else {
        take_block(feed, &feed->blocks[0]); /* so few that no thread was made */
    }
    pthread_mutex_destroy(&feed->lock);
    pthread_cond_destroy(&feed->enough);
    pthread_cond_destroy(&feed->emptied);
    free(feed->blocks);
    free(feed);
}
