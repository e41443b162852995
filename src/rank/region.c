#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

const char *memory_kind_name(enum memory_kind kind)
{
    static const char *const names[] = {"parameters",  "gradients",     "optimizer",
                                        "activations", "communication", "data"};
    return names[kind];
}

enum { ALIGNMENT = 64 };

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void *region_take(struct region *region, enum memory_kind kind, size_t bytes, size_t accounted)
{
    size_t at = region->used;
    region->used += aligned(bytes);
    region->by_kind[kind] += aligned(accounted);
    if (!region->base)
        return NULL;
    if (region->used > region->size)
        BUG("a region of %zu bytes was asked for more than its set-up had counted", region->size);
    return region->base + at; /* a fresh mapping is zero */
}

void rank_begin_setup(struct rank *self)
{
    if (!self->region.base)
        self->region = (struct region){0};
}

static void *observer_take(struct observer *observer, size_t bytes)
{
    void *memory = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT);
    if (!memory)
        memory = memory_zeroed(SIZE_MAX, 1); /* says so and stops */
    memory_advise(memory, bytes);
    *vector_push(&observer->memory, &observer->count, &observer->room) = memory;
    return memset(memory, 0, bytes);
}

void *rank_alloc_accounted(struct rank *self, enum memory_kind kind, size_t bytes, size_t accounted)
{
    return self->rack ? region_take(&self->region, kind, bytes, accounted)
           : bytes    ? observer_take((struct observer *)self, bytes)
                      : NULL;
}

void *rank_alloc(struct rank *self, enum memory_kind kind, size_t bytes)
{
    return rank_alloc_accounted(self, kind, bytes, bytes);
}

float *rank_alloc_numbers(struct rank *self, enum memory_kind kind, enum number number, size_t count)
{
    return rank_alloc_accounted(self, kind, count * sizeof(float),
                                count * rank_number_bytes(self, number));
}

uint64_t region_accounted(const struct region *region)
{
    uint64_t bytes = 0;
    for (int kind = 0; kind < MEMORY_KINDS; kind++)
        bytes += region->by_kind[kind];
    return bytes;
}

struct rank *rank_observer(void)
{
    struct observer *observer = memory_lines(NULL, 0, sizeof *observer);
    observer->rank.real = true;
    return &observer->rank;
}

void rank_observer_free(struct rank *self)
{
    struct observer *observer = (struct observer *)self;
    for (int i = 0; i < observer->count; i++)
        free(observer->memory[i]);
    free(observer->memory);
    free(observer);
}
