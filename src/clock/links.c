#include "threadrack/clock/links.h"

#include "threadrack/base/memory.h"
#include "threadrack/clock/load.h"

#include <math.h>
#include <stdlib.h>

struct link_meter {
    struct clock_observer observer;
    const struct cluster *cluster;
    struct link_record *records; /* by link */
    struct link_load *load;
    int *route; /* room for one */
};

static void take_load(void *context, int link, uint64_t now_ps, uint64_t bytes)
{
    struct link_record *record = &((struct link_meter *)context)->records[link];
    (void)now_ps;
    if (bytes > record->most_backlog_bytes)
        record->most_backlog_bytes = bytes;
}

static void count(struct link_meter *meter, const struct transfer *message)
{
    int length = cluster_route(meter->cluster, message->src, message->dst, meter->route);
    for (int i = 0; i < length; i++) {
        meter->records[meter->route[i]].bytes += message->bytes;
        meter->records[meter->route[i]].messages++;
    }
}

static void saw(struct clock_observer *observer, const struct sight *sight)
{
    struct link_meter *meter = (struct link_meter *)observer;
    bool begins = sight->kind == SIGHT_MESSAGE_BEGINS;
    link_load_flush(meter->load, sight->now_ps);
    if (begins)
        count(meter, sight->message);
    if (begins || sight->kind == SIGHT_MESSAGE_DELIVERED)
        link_load_change(meter->load, sight->message, begins, true);
}

struct link_meter *link_meter_create(const struct cluster *cluster)
{
    struct link_meter *meter = memory_zeroed(1, sizeof *meter);
    *meter = (struct link_meter){
        .observer = {.saw = saw},
        .cluster = cluster,
        .records = memory_zeroed((size_t)cluster->link_count + 1, sizeof *meter->records),
        .load = link_load_create(cluster, (struct link_load_sink){meter, take_load, NULL}),
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
    link_load_free(meter->load);
    free(meter->records);
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
