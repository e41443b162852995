/* Hockney 1994 (The communication challenge for MPP): a message of n bytes takes alpha + n / beta,
 * alpha the sum of the route's latencies and beta its smallest bandwidth (cut-through). A node sends
 * one and receives one message at a time, full duplex, and a message holds both ports for all its
 * time. Links are not shared: where several routes use one, the run's notes name it. Where bandwidths
 * change in time, a message keeps that of the instant at which it takes its ports.
 *
 * When several transfers end in one instant, all their ports are given back first; then those that
 * waited start in (ready time, rank, sequence) order, so that the order of the ends does not matter.
 */
#include "threadrack/clock/netmodel.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/memory.h"

#include "ports.h"

#include <stdlib.h>

struct hockney {
    struct netmodel base;
    struct ports ports;
    struct heap ends;
    struct waiting_list ended; /* in the present instant */
    struct waiting_list freed; /* those that may go now */
};

static struct netmodel *create(const struct cluster *cluster)
{
    struct hockney *hockney = memory_zeroed(1, sizeof *hockney);
    hockney->base = (struct netmodel){
        .cluster = cluster, .use = link_use_create(cluster)};
    ports_init(&hockney->ports, cluster->nodes);
    return &hockney->base;
}

static void release(struct netmodel *model)
{
    struct hockney *hockney = (struct hockney *)model;
    ports_release(&hockney->ports, model->cluster->nodes);
    link_use_free(model->use);
    heap_release(&hockney->ends);
    free(hockney->ended.items);
    free(hockney->freed.items);
    free(hockney);
}

static void begin(struct hockney *hockney, struct transfer *transfer, uint64_t now_ps)
{
    struct path path =
        cluster_path_at(hockney->base.cluster, transfer->src, transfer->dst, now_ps);
    link_use_begin(hockney->base.use, transfer->src, transfer->dst);
    heap_push(&hockney->ends, (struct event){.time_ps = now_ps + hockney_ps(path, transfer->bytes),
                                             .rank = (uint32_t)transfer->src,
                                             .sequence = transfer->sequence,
                                             .data = transfer});
}

static void start(struct netmodel *model, struct transfer *transfer, uint64_t now_ps)
{
    struct hockney *hockney = (struct hockney *)model;
    if (ports_take(&hockney->ports, transfer))
        begin(hockney, transfer, now_ps);
}

static uint64_t next(struct netmodel *model)
{
    const struct event *first = heap_first(&((struct hockney *)model)->ends);
    return first ? first->time_ps : TIME_NEVER;
}

static void collect_ended(struct hockney *hockney, uint64_t now_ps)
{
    struct waiting_list *ended = &hockney->ended;
    ended->count = 0;
    while (heap_first(&hockney->ends) && heap_first(&hockney->ends)->time_ps == now_ps) {
        struct transfer *transfer = heap_pop(&hockney->ends).data;
        link_use_end(hockney->base.use, transfer->src, transfer->dst);
        ports_give_back(&hockney->ports, transfer);
        *vector_push(&ended->items, &ended->count, &ended->room) = transfer;
    }
}

static int in_order(const void *a, const void *b)
{
    const struct transfer *left = *(struct transfer *const *)a, *right = *(struct transfer *const *)b;
    return transfer_before(left, right) ? -1 : transfer_before(right, left);
}

static void start_waiting(struct hockney *hockney, uint64_t now_ps)
{
    struct waiting_list *freed = &hockney->freed;
    freed->count = 0;
    for (int i = 0; i < hockney->ended.count; i++)
        ports_waiting_for(&hockney->ports, hockney->ended.items[i], freed);
    if (freed->count > 1)
        qsort(freed->items, (size_t)freed->count, sizeof *freed->items, in_order);
    for (int i = 0; i < freed->count; i++)
        if ((i == 0 || freed->items[i] != freed->items[i - 1]) &&
            ports_retry(&hockney->ports, freed->items[i]))
            begin(hockney, freed->items[i], now_ps);
}

static void advance(struct netmodel *model, uint64_t now_ps, const struct netmodel_sink *sink)
{
    struct hockney *hockney = (struct hockney *)model;
    collect_ended(hockney, now_ps);
    start_waiting(hockney, now_ps);
    for (int i = 0; i < hockney->ended.count; i++) {
        sink->sent(sink->context, hockney->ended.items[i]);
        sink->delivered(sink->context, hockney->ended.items[i]);
    }
}

const struct netmodel_ops netmodel_hockney = {
    .name = "hockney",
    .summary = "alpha + n/beta a message; one send and one receive a node at a time; links are not "
               "shared",
    .validity = "valid for messages that are alone on their links, as in the ping-pong that alpha and beta "
                "are fitted to (Hockney 1994)",
    .options = "cluster.link.latency, cluster.link.bandwidth (of the whole route)",
    .create = create,
    .free = release,
    .start = start,
    .next = next,
    .advance = advance,
};
