/* Which products are packed, by which registers, and the rooms that they are packed in. */
#include "blocks.h"

#include "threadrack/base/errors.h"
#include "threadrack/base/memory.h"

#include "../tile.h"

#include <pthread.h>

/* Where they were measured to be quicker. With AVX-512 that is 1.0 to 3.8 times BLIS's speed, but 0.6 where
 * b is narrower than a register; with AVX2 only shapes that miss the caches gain. */
bool packed_takes(size_t m, size_t n, size_t k)
{
    if (tile_is_avx512())
        return m >= PACKED_LEAST && n >= 16 && k > 0;
    return tile_is_wide() && m >= 64 && n >= 64 && k >= 64 && m * n * k >= (size_t)1 << 25;
}

/* As many rooms as there were ever products at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct room *idle;

enum { A_FLOATS = ROWS * DEEP + SLACK, B_FLOATS = COLUMNS * DEEP + SLACK };

size_t packed_room_bytes(void)
{
    return tile_is_wide() ? (A_FLOATS + B_FLOATS) * sizeof(float) : 0;
}

static struct room *room_take(void)
{
    pthread_mutex_lock(&lock);
    struct room *room = idle;
    if (room)
        idle = room->next;
    pthread_mutex_unlock(&lock);
    if (room)
        return room;
    room = memory_zeroed(1, sizeof *room);
    room->a = memory_lines(NULL, 0, A_FLOATS * sizeof(float));
    room->b = memory_lines(NULL, 0, B_FLOATS * sizeof(float));
    return room;
}

static void room_give(struct room *room)
{
    pthread_mutex_lock(&lock);
    room->next = idle;
    idle = room;
    pthread_mutex_unlock(&lock);
}

void packed_product(const struct large_product *product)
{
    if (product->m < PACKED_LEAST)
        BUG("%zu rows are too few for panels", product->m);
    struct room *room = room_take();
    if (tile_is_avx512())
        packed_avx512(product, room);
    else
        packed_avx2(product, room);
    room_give(room);
}
