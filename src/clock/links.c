#include "threadrack/clock/links.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct link_meter {
    struct clock_observer observer;
    const struct cluster *cluster;
    struct link_record *records; /* by link */
    uint64_t *backlog_bytes;     /* likewise, at present */
    int *route;                  /* room for one */
};

static void add(struct link_meter *meter, int link, uint64_t bytes)
{
    struct link_record *record = &meter->records[link];
    record->bytes += bytes;
    record->messages++;
    meter->backlog_bytes[link] += bytes;
    if (meter->backlog_bytes[link] > record->most_backlog_bytes)
        record->most_backlog_bytes = meter->backlog_bytes[link];
}

static void saw(struct clock_observer *observer, const struct sight *sight)
{
    struct link_meter *meter = (struct link_meter *)observer;
    bool begins = sight->kind == SIGHT_MESSAGE_BEGINS;
    if (!begins && sight->kind != SIGHT_MESSAGE_DELIVERED)
        return;
    const struct transfer *message = sight->message;
    int length = cluster_route(meter->cluster, message->src, message->dst, meter->route);
    for (int i = 0; i < length; i++) {
        if (begins)
            add(meter, meter->route[i], message->bytes);
        else
            meter->backlog_bytes[meter->route[i]] -= message->bytes;
    }
}

struct link_meter *link_meter_create(const struct cluster *cluster)
{
    struct link_meter *meter = memory_zeroed(1, sizeof *meter);
    size_t links = (size_t)cluster->link_count;
    *meter = (struct link_meter){
        .observer = {.saw = saw},
        .cluster = cluster,
        .records = memory_zeroed(links ? links : 1, sizeof *meter->records),
        .backlog_bytes = memory_zeroed(links ? links : 1, sizeof *meter->backlog_bytes),
        .route = memory_zeroed((size_t)cluster_route_room(cluster), sizeof *meter->route)};
    return meter;
}

struct clock_observer *link_meter_observer(struct link_meter *meter)
{
    return &meter->observer;
}

void link_meter_free(struct link_meter *meter)
{
    if (!meter)
        return;
    free(meter->records);
    free(meter->backlog_bytes);
    free(meter->route);
    free(meter);
}

const struct link_record *link_meter_record(const struct link_meter *meter, int link)
{
    return &meter->records[link];
}

double link_meter_busy(const struct link_meter *meter, int link,
                       const struct netmodel_ops *netmodel, uint64_t length_ps)
{
    const struct link *what = &meter->cluster->links[link];
    if (what->fatpipe || netmodel->free_of_cost || length_ps == 0)
        return NAN;
    uint64_t bytes = meter->records[link].bytes;
    if (what->half_duplex)
        bytes += meter->records[link ^ 1].bytes;
    return (double)transfer_ps(bytes, what->bandwidth_Bps) / (double)length_ps;
}
