#include "threadrack/clock/load.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct link_load {
    const struct cluster *cluster;
    struct link_load_sink sink;
    struct {
        uint64_t bytes, told_bytes;
        double rate_Bps, told_Bps;
        bool shown, changed;
    } *links;
    int *changed; /* links whose `changed` is set */
    int changed_count, changed_room;
    int *route;   /* room for one */
    uint64_t now_ps;
};

struct link_load *link_load_create(const struct cluster *cluster, struct link_load_sink sink)
{
    struct link_load *load = memory_zeroed(1, sizeof *load);
    *load = (struct link_load){.cluster = cluster, .sink = sink};
    load->links = memory_zeroed((size_t)cluster->link_count + 1, sizeof *load->links);
    load->route = memory_zeroed((size_t)cluster_route_room(cluster), sizeof *load->route);
    return load;
}

void link_load_free(struct link_load *load)
{
    free(load->links);
    free(load->changed);
    free(load->route);
    free(load);
}

static void list_changed(struct link_load *load, int link)
{
    if (!load->links[link].changed)
        *vector_push(&load->changed, &load->changed_count, &load->changed_room) = link;
    load->links[link].changed = true;
}

void link_load_change(struct link_load *load, const struct transfer *message, bool begins,
                      bool shown)
{
    int length = cluster_route(load->cluster, message->src, message->dst, load->route);
    for (int i = 0; i < length; i++) {
        int link = load->route[i];
        load->links[link].bytes += begins ? message->bytes : -message->bytes;
        load->links[link].shown |= shown;
        list_changed(load, link);
    }
}

void link_load_rate(struct link_load *load, const struct transfer *message, double before_Bps,
                    double rate_Bps)
{
    int length = cluster_route(load->cluster, message->src, message->dst, load->route);
    for (int i = 0; i < length; i++) {
        load->links[load->route[i]].rate_Bps += rate_Bps - before_Bps;
        list_changed(load, load->route[i]);
    }
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void tell(struct link_load *load, int link)
{
    const struct link_load_sink *sink = &load->sink;
    load->links[link].changed = false;
    if (!load->links[link].shown)
        return;
    if (load->links[link].bytes != load->links[link].told_bytes)
        sink->bytes(sink->context, link, load->now_ps, load->links[link].bytes);
    if (sink->rate && load->links[link].rate_Bps != load->links[link].told_Bps)
        sink->rate(sink->context, link, load->now_ps, load->links[link].rate_Bps);
    load->links[link].told_bytes = load->links[link].bytes;
    load->links[link].told_Bps = load->links[link].rate_Bps;
}

void link_load_flush(struct link_load *load, uint64_t now_ps)
{
    if (now_ps == load->now_ps)
        return;
    if (load->changed_count > 1)
        qsort(load->changed, (size_t)load->changed_count, sizeof *load->changed, by_number);
    for (int i = 0; i < load->changed_count; i++)
        tell(load, load->changed[i]);
    load->changed_count = 0;
    load->now_ps = now_ps;
}
