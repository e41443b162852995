/* LogGP (Alexandrov, Ionescu, Schauser, Scheiman: LogGP, SPAA 1995) with the O and S of LogGOPS
 * (Hoefler, Schneider, Lumsdaine: LogGOPSim, LSAP 2010). For a message of n bytes:
 *
 *   o       each side's processor: the sender's before the first byte leaves, the receiver's after
 *           the last one is there. It is paid on the compute lane (protocol.c), unless
 *           cluster.loggp.offload is on; then neither o nor O is paid by anybody.
 *   O       (n-1)O more of each side's processor. The sender's goes on behind o while the bytes leave,
 *           and does not hold them up; its send ends no sooner. The receiver's runs while the bytes
 *           come in: what is longer than (n-1)G follows the last byte, besides o.
 *   G       the inverse of the route's smallest bandwidth: bytes leave (n-1)G after one another, and
 *           come in so. The send ends when the last one has left.
 *   L       the sum of the route's latencies, from a byte's leaving to its arrival.
 *   g       a port's rest between the last byte of a message and the first of the next: it serves the
 *           next one g + (n-1)G after it began this one. So does the receive port, which takes
 *           messages in order of their first byte's arrival.
 *   S       a message of more than S bytes is a rendezvous: a request of one byte, the receiver's answer
 *           of one byte once the receive is posted and the request is there, and only then the data.
 *           Each of the three is a message with its o's, g and L; the send ends with the data. A send
 *           whose receive is never posted never ends: S decides whether a program can deadlock.
 *
 * With cluster.loggp.ports=program_order a receive port serves a message once its receiver's program
 * asks for it: from its arrival on, or from when the port was free of those asked for before. (What
 * came while the port was free has been taken in by the time it is asked for.) Of several that are
 * asked for at a time, by several lanes, the first to arrive goes first. Requests and answers of a
 * rendezvous are always asked for.
 *
 * So one message takes o + L + (n-1)G + o, and by rendezvous with a receive posted early
 * 3 (o + L + o) + (n-1)G. Where bandwidths change in time, a message's G is that of the instant at which it
 * is handed to its sender's port (queueing there does not change it). LogGOPSim charges (n-1)G likewise, and g + (n-1)G between messages. Links
 * are not shared.
 */
#include "threadrack/clock/netmodel.h"

#include "threadrack/base/heap.h"
#include "threadrack/base/memory.h"

#include <stdlib.h>

enum loggp_event { EVENT_SENT, EVENT_ARRIVED, EVENT_DELIVERED };

struct loggp {
    struct netmodel base;
    uint64_t *send_free_ps, *receive_free_ps; /* by node: when the port can serve the next message */
    struct heap events;
};

static struct netmodel *create(const struct cluster *cluster)
{
    struct loggp *loggp = memory_zeroed(1, sizeof *loggp);
    loggp->base = (struct netmodel){
        .cluster = cluster, .use = link_use_create(cluster)};
    loggp->send_free_ps = memory_zeroed((size_t)cluster->nodes, sizeof *loggp->send_free_ps);
    loggp->receive_free_ps = memory_zeroed((size_t)cluster->nodes, sizeof *loggp->receive_free_ps);
    return &loggp->base;
}

static void release(struct netmodel *model)
{
    struct loggp *loggp = (struct loggp *)model;
    free(loggp->send_free_ps);
    free(loggp->receive_free_ps);
    heap_release(&loggp->events);
    link_use_free(model->use);
    free(loggp);
}

static void add_event(struct loggp *loggp, enum loggp_event kind, uint64_t time_ps,
                      struct transfer *transfer)
{
    heap_push(&loggp->events, (struct event){.time_ps = time_ps,
                                             .rank = (uint32_t)transfer->src,
                                             .kind = kind,
                                             .sequence = 3 * transfer->sequence + kind,
                                             .data = transfer});
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* How long a port is taken by a message that streams for so long. */
static uint64_t port_ps(const struct loggp *loggp, uint64_t stream_ps)
{
    return loggp->base.cluster->gap_ps + stream_ps;
}

/* (n-1)G of the transfer's route. */
static uint64_t stream_ps(const struct loggp *loggp, const struct transfer *transfer,
                          struct path *path)
{
    *path = cluster_path_at(loggp->base.cluster, transfer->src, transfer->dst, transfer->ready_ps);
    return transfer->bytes ? transfer_ps(transfer->bytes - 1, path->bandwidth_Bps) : 0;
}

static void start(struct netmodel *model, struct transfer *transfer, uint64_t now_ps)
{
    struct loggp *loggp = (struct loggp *)model;
    struct path path;
    uint64_t stream = stream_ps(loggp, transfer, &path);
    uint64_t *port = &loggp->send_free_ps[transfer->src];
    uint64_t begin = later(now_ps, *port);
    *port = begin + port_ps(loggp, stream);
    add_event(loggp, EVENT_SENT, begin + stream, transfer);
    add_event(loggp, EVENT_ARRIVED, begin + path.latency_ps, transfer);
    link_use_begin(model->use, transfer->src, transfer->dst);
}

static uint64_t next(struct netmodel *model)
{
    const struct event *first = heap_first(&((struct loggp *)model)->events);
    return first ? first->time_ps : TIME_NEVER;
}

/* The transfer's first byte was at the port at arrival_ps. */
static void serve(struct loggp *loggp, struct transfer *transfer, uint64_t arrival_ps,
                  uint64_t now_ps)
{
    struct path path;
    uint64_t stream = stream_ps(loggp, transfer, &path);
    uint64_t *port = &loggp->receive_free_ps[transfer->dst];
    uint64_t begin = later(arrival_ps, *port);
    *port = begin + port_ps(loggp, stream);
    add_event(loggp, EVENT_DELIVERED, later(now_ps, begin + stream), transfer);
}

static void arrive(struct loggp *loggp, struct transfer *transfer, uint64_t now_ps)
{
    transfer->arrived = true;
    transfer->finish_ps = now_ps;
    if (transfer->wanted || transfer->subject || !loggp->base.cluster->program_order)
        serve(loggp, transfer, now_ps, now_ps);
}

static void ask(struct netmodel *model, struct transfer *transfer, uint64_t now_ps)
{
    if (transfer->arrived && model->cluster->program_order)
        serve((struct loggp *)model, transfer, transfer->finish_ps, now_ps);
}

static void advance(struct netmodel *model, uint64_t now_ps, const struct netmodel_sink *sink)
{
    struct loggp *loggp = (struct loggp *)model;
    while (heap_first(&loggp->events) && heap_first(&loggp->events)->time_ps == now_ps) {
        struct event event = heap_pop(&loggp->events);
        struct transfer *transfer = event.data;
        if (event.kind == EVENT_SENT) {
            sink->sent(sink->context, transfer);
        } else if (event.kind == EVENT_ARRIVED) {
            arrive(loggp, transfer, now_ps);
        } else {
            link_use_end(model->use, transfer->src, transfer->dst);
            sink->delivered(sink->context, transfer);
        }
    }
}

const struct netmodel_ops netmodel_loggp = {
    .name = "loggp",
    .summary = "L, o, g, G, O, S; each node's send and receive port serves one message at a time "
               "(in order of arrival, or of the program); links are not shared",
    .validity = "valid where routes share no link, with L, o, g, G measured on the machine and g not below o "
                "(Culler et al. 1993, Alexandrov et al. 1995)",
    .options = "cluster.link.latency (L), cluster.link.bandwidth (1/G), cluster.loggp.overhead (o), "
               "cluster.loggp.gap (g), cluster.loggp.overhead_per_byte (O), "
               "cluster.loggp.rendezvous (S), cluster.loggp.offload, cluster.loggp.ports",
    .overhead = true,
    .create = create,
    .free = release,
    .start = start,
    .ask = ask,
    .next = next,
    .advance = advance,
};
