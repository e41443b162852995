/* Flows share links max-min fairly (SimGrid's network model CM02 with equal weights: Velho, Schnorr,
 * Casanova, Legrand: On the validity of flow-level TCP network models, ACM TOMACS 2013). A message
 * waits for its route's latency, then its bytes flow at the rate that maxmin.h gives, which is found
 * anew at each start and end. Alone on its route it takes alpha + n / beta, to the picosecond.
 *
 * A flow's remaining bytes are lazy: they are counted down only when its rate changes.
 */
#include "threadrack/clock/netmodel.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/memory.h"

#include "maxmin.h"

#include <math.h>
#include <stdlib.h>

struct flow_model {
    struct netmodel base;
    struct heap latencies;    /* transfers in their latency, by its end */
    struct transfer **flows;  /* those that flow, in the order in which they began to */
    int flow_count, flow_room;
    struct maxmin maxmin;
    bool stale;               /* the set of flows has changed since the rates were found */
    uint64_t now_ps;
};

static struct netmodel *create(const struct cluster *cluster)
{
    struct flow_model *flow = memory_zeroed(1, sizeof *flow);
    flow->base = (struct netmodel){.cluster = cluster};
    maxmin_init(&flow->maxmin, cluster);
    return &flow->base;
}

static void release(struct netmodel *model)
{
    struct flow_model *flow = (struct flow_model *)model;
    heap_release(&flow->latencies);
    free(flow->flows);
    maxmin_release(&flow->maxmin);
    free(flow);
}

static void start(struct netmodel *model, struct transfer *transfer, uint64_t now_ps)
{
    struct flow_model *flow = (struct flow_model *)model;
    struct path path = cluster_path(model->cluster, transfer->src, transfer->dst);
    heap_push(&flow->latencies, (struct event){.time_ps = now_ps + path.latency_ps,
                                               .rank = (uint32_t)transfer->src,
                                               .sequence = transfer->sequence,
                                               .data = transfer});
}

/* Whole bytes at a whole rate are timed exactly, as every other model times them; else in double. */
static uint64_t duration_ps(double bytes, double rate_Bps)
{
    if (bytes == floor(bytes) && rate_Bps == floor(rate_Bps) && bytes < 0x1p53 && rate_Bps < 0x1p53)
        return transfer_ps((uint64_t)bytes, (uint64_t)rate_Bps);
    return (uint64_t)floor(bytes / rate_Bps * 1e12 + 0.5);
}

static void set_rate(struct transfer *transfer, double rate_Bps, uint64_t now_ps)
{
    if (transfer->rate_Bps == rate_Bps)
        return;
    double moved = transfer->rate_Bps * ((double)(now_ps - transfer->anchor_ps) * 1e-12);
    transfer->remaining_bytes -= moved < transfer->remaining_bytes ? moved
                                                                   : transfer->remaining_bytes;
    transfer->anchor_ps = now_ps;
    transfer->rate_Bps = rate_Bps;
    transfer->finish_ps = now_ps + duration_ps(transfer->remaining_bytes, rate_Bps);
}

static void find_rates(struct flow_model *flow)
{
    flow->stale = false;
    maxmin_solve(&flow->maxmin, flow->flows, flow->flow_count);
    for (int f = 0; f < flow->flow_count; f++)
        set_rate(flow->flows[f], flow->maxmin.rates_Bps[f], flow->now_ps);
}

static uint64_t next(struct netmodel *model)
{
    struct flow_model *flow = (struct flow_model *)model;
    if (flow->stale)
        find_rates(flow);
    const struct event *latency = heap_first(&flow->latencies);
    uint64_t first = latency ? latency->time_ps : TIME_NEVER;
    for (int f = 0; f < flow->flow_count; f++)
        first = flow->flows[f]->finish_ps < first ? flow->flows[f]->finish_ps : first;
    return first;
}

static void end_flows(struct flow_model *flow, const struct netmodel_sink *sink)
{
    int kept = 0, count = flow->flow_count;
    for (int f = 0; f < count; f++) {
        struct transfer *transfer = flow->flows[f];
        if (transfer->finish_ps != flow->now_ps) {
            flow->flows[kept++] = transfer;
            continue;
        }
        flow->stale = true;
        free(transfer->route);
        transfer->route = NULL;
        sink->sent(sink->context, transfer);
        sink->delivered(sink->context, transfer);
    }
    flow->flow_count = kept;
}

static void begin_flow(struct flow_model *flow, struct transfer *transfer)
{
    const struct cluster *cluster = flow->base.cluster;
    transfer->route =
        memory_zeroed((size_t)cluster_route_room(cluster), sizeof *transfer->route);
    transfer->route_length = cluster_route(cluster, transfer->src, transfer->dst, transfer->route);
    transfer->remaining_bytes = (double)transfer->bytes;
    transfer->rate_Bps = 0;
    transfer->anchor_ps = flow->now_ps;
    *vector_push(&flow->flows, &flow->flow_count, &flow->flow_room) = transfer;
    flow->stale = true;
}

static void advance(struct netmodel *model, uint64_t now_ps, const struct netmodel_sink *sink)
{
    struct flow_model *flow = (struct flow_model *)model;
    flow->now_ps = now_ps;
    end_flows(flow, sink);
    while (heap_first(&flow->latencies) && heap_first(&flow->latencies)->time_ps == now_ps) {
        struct transfer *transfer = heap_pop(&flow->latencies).data;
        if (transfer->bytes) {
            begin_flow(flow, transfer);
        } else {
            sink->sent(sink->context, transfer);
            sink->delivered(sink->context, transfer);
        }
    }
}

const struct netmodel_ops netmodel_flow = {
    .name = "flow",
    .summary = "flows share every link of their routes max-min fairly; the default",
    .options = "cluster.link.latency, cluster.link.bandwidth, and the topology's other links",
    .shares_links = true,
    .create = create,
    .free = release,
    .start = start,
    .next = next,
    .advance = advance,
};
