/* No cost at all: a message arrives in the instant in which it is sent. Tests the machinery, and
 * shows what a strategy would do on a perfect network. */
#include "threadrack/clock/netmodel.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct ideal {
    struct netmodel base;
    struct transfer **started; /* in the order in which they were started */
    int count, room;
    uint64_t now_ps;
};

static struct netmodel *create(const struct cluster *cluster)
{
    struct ideal *ideal = memory_zeroed(1, sizeof *ideal);
    ideal->base = (struct netmodel){.cluster = cluster};
    return &ideal->base;
}

static void release(struct netmodel *model)
{
    struct ideal *ideal = (struct ideal *)model;
    free(ideal->started);
    free(ideal);
}

static void start(struct netmodel *model, struct transfer *transfer, uint64_t now_ps)
{
    struct ideal *ideal = (struct ideal *)model;
    ideal->now_ps = now_ps;
    *vector_push(&ideal->started, &ideal->count, &ideal->room) = transfer;
}

static uint64_t next(struct netmodel *model)
{
    struct ideal *ideal = (struct ideal *)model;
    return ideal->count ? ideal->now_ps : TIME_NEVER;
}

static void advance(struct netmodel *model, uint64_t now_ps, const struct netmodel_sink *sink)
{
    (void)now_ps;
    struct ideal *ideal = (struct ideal *)model;
    int count = ideal->count;
    ideal->count = 0;
    for (int i = 0; i < count; i++) {
        sink->sent(sink->context, ideal->started[i]);
        sink->delivered(sink->context, ideal->started[i]);
    }
}

const struct netmodel_ops netmodel_ideal = {
    .name = "ideal",
    .summary = "messages cost nothing; for tests, and as the bound of what a network can give",
    .validity = "valid as a bound: no network is faster; close where communicating takes a small part of "
                "the time",
    .options = "none: latency and bandwidth have no effect",
    .shares_links = true,
    .free_of_cost = true,
    .create = create,
    .free = release,
    .start = start,
    .next = next,
    .advance = advance,
};
