#include "road.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include <stdlib.h>

static bool links_are_equal(const struct cluster *cluster)
{
    for (int i = 1; i < cluster->link_count; i++)
        if (cluster->links[i].latency_ps != cluster->links[0].latency_ps ||
            cluster->links[i].bandwidth_Bps != cluster->links[0].bandwidth_Bps)
            return false;
    return true;
}

static uint64_t least_latency(const struct cluster *cluster)
{
    uint64_t least_ps = UINT64_MAX;
    for (int i = 0; i < cluster->link_count; i++)
        if (cluster->links[i].latency_ps < least_ps)
            least_ps = cluster->links[i].latency_ps;
    return cluster->link_count ? least_ps : 0;
}

void roads_init(struct roads *roads, const struct cluster *cluster, bool costless)
{
    *roads = (struct roads){.cluster = cluster, .costless = costless, .path.bandwidth_Bps = UINT64_MAX};
    roads->times = memory_zeroed(KNOWN_TIMES, sizeof *roads->times);
    roads->uniform = costless || cluster->nodes < 2 ||
                     (cluster->topology->equal_routes && links_are_equal(cluster));
    if (!roads->uniform)
        roads->paths = memory_zeroed(KNOWN_PATHS, sizeof *roads->paths);
    if (!costless && cluster->nodes > 1) {
        roads->path = cluster_path(cluster, 0, 1);
        roads->latency_least_ps = roads->uniform ? roads->path.latency_ps : least_latency(cluster);
    }
}

void roads_release(struct roads *roads)
{
    free(roads->paths);
    free(roads->times);
}

uint64_t road_find_time(struct known_time *place, uint64_t bytes,
                        uint64_t bandwidth_Bps)
{
    *place = (struct known_time){bytes, bandwidth_Bps, transfer_ps(bytes, bandwidth_Bps)};
    return place->ps;
}

struct path road_find_path(struct roads *roads, struct known_path *place, int src, int dst)
{
    *place = (struct known_path){((uint64_t)src << 32 | (uint32_t)dst) + 1,
                                 cluster_path(roads->cluster, src, dst)};
    return place->path;
}
