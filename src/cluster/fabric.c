/* What all families share: their table, a fabric's life, its cables, and sums along routes. */
#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include <stdlib.h>

#define TOPOLOGY(name) extern const struct topology_ops topology_##name;
#include "topology.def"
#undef TOPOLOGY

#define TOPOLOGY(name) &topology_##name,
const struct topology_ops *const topologies[] = {
#include "topology.def"
    NULL};
#undef TOPOLOGY

bool fabric_shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    *fabric =
        (struct fabric){.topology = topologies[config_choice(config, "cluster.topology")]};
    if (fabric->topology->shape(fabric, config, nodes, errors))
        return true;
    fabric_release(fabric);
    return false;
}

void fabric_release(struct fabric *fabric)
{
    if (fabric->state && fabric->topology->release)
        fabric->topology->release(fabric->state);
    else
        free(fabric->state);
    fabric->state = NULL;
}

struct path cluster_link_setting(const struct config *config)
{
    return (struct path){config_whole(config, "cluster.link.latency"),
                         config_whole(config, "cluster.link.bandwidth")};
}

struct path cluster_link_or(const struct config *config, const char *bandwidth_key,
                            const char *latency_key)
{
    struct path link = cluster_link_setting(config);
    if (config_is_set(config, bandwidth_key))
        link.bandwidth_Bps = config_whole(config, bandwidth_key);
    if (config_is_set(config, latency_key))
        link.latency_ps = config_whole(config, latency_key);
    return link;
}

struct path path_join(struct path a, struct path b)
{
    return (struct path){a.latency_ps + b.latency_ps,
                         a.bandwidth_Bps < b.bandwidth_Bps ? a.bandwidth_Bps : b.bandwidth_Bps};
}

struct path path_repeat(struct path cable, int times)
{
    return (struct path){cable.latency_ps * (uint64_t)times, times ? cable.bandwidth_Bps : UINT64_MAX};
}

static int vertex_of(const struct wiring *wiring, int local)
{
    return local < wiring->places ? wiring->first + local * wiring->stride
                                  : wiring->first_switch + local - wiring->places;
}

static void add_link(struct cluster *cluster, int from, int to, struct path cable)
{
    *vector_push(&cluster->links, &cluster->link_count, &cluster->link_room) =
        (struct link){.from = from,
                      .to = to,
                      .latency_ps = cable.latency_ps,
                      .bandwidth_Bps = cable.bandwidth_Bps};
}

int wiring_cable(struct wiring *wiring, int from, int to, struct path cable)
{
    int a = vertex_of(wiring, from), b = vertex_of(wiring, to);
    add_link(wiring->cluster, a, b, cable);
    add_link(wiring->cluster, b, a, cable);
    return wiring->cluster->link_count - 2;
}

struct wiring wiring_part(const struct wiring *whole, const struct fabric *part, int first, int stride,
                          int first_switch)
{
    return (struct wiring){.cluster = whole->cluster,
                           .places = part->places,
                           .first = vertex_of(whole, first),
                           .stride = first < whole->places ? stride * whole->stride : stride,
                           .first_switch = vertex_of(whole, first_switch)};
}

static uint64_t mixed(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

uint64_t route_hash(int src, int dst)
{
    return mixed(((uint64_t)src << 32) + (uint64_t)dst);
}

int route_pick(uint64_t *hash, int count)
{
    int chosen = (int)(((*hash >> 32) * (uint64_t)count) >> 32);
    *hash = mixed(*hash + 0x9e3779b97f4a7c15u);
    return chosen;
}
