/* What a message's way costs, cheaply: the path of a pair of nodes and the time that so many bytes
 * take at a bandwidth are looked up rather than found again. Where every pair has the same path
 * (a star, a full mesh of equal cables) there is nothing to look up. */
#ifndef CLOCK_RESOLVER_ROAD_H
#define CLOCK_RESOLVER_ROAD_H

#include "threadrack/clock/netmodel.h"

struct known_path {
    uint64_t pair; /* (src << 32 | dst) + 1; 0: none */
    struct path path;
};

struct known_time {
    uint64_t bytes, bandwidth_Bps, ps;
};

struct roads {
    const struct cluster *cluster;
    bool costless; /* nothing takes time */
    bool uniform;
    struct path path;         /* of every pair, when uniform */
    uint64_t latency_least_ps; /* of any pair */
    struct known_path *paths; /* direct-mapped; NULL when uniform */
    struct known_time *times; /* direct-mapped */
};

enum { KNOWN_PATHS = 1 << 14, KNOWN_TIMES = 1 << 8 };

void roads_init(struct roads *roads, const struct cluster *cluster, bool costless);
void roads_release(struct roads *roads);

uint64_t road_find_time(struct known_time *place, uint64_t bytes,
                        uint64_t bandwidth_Bps);
struct path road_find_path(struct roads *roads, struct known_path *place, int src, int dst);

/* bytes / bandwidth, as transfer_ps. */
static inline uint64_t road_time(struct roads *roads, uint64_t bytes, uint64_t bandwidth_Bps)
{
    uint64_t mixed = (bytes ^ bandwidth_Bps << 7) * 0x9e3779b97f4a7c15u;
    struct known_time *place = &roads->times[mixed >> 56];
    if (place->bytes == bytes && place->bandwidth_Bps == bandwidth_Bps)
        return place->ps;
    return road_find_time(place, bytes, bandwidth_Bps);
}

static inline struct path road_path(struct roads *roads, int src, int dst)
{
    if (roads->uniform)
        return roads->path;
    uint64_t pair = ((uint64_t)src << 32 | (uint32_t)dst) + 1;
    struct known_path *place = &roads->paths[pair * 0x9e3779b97f4a7c15u >> 50];
    return place->pair == pair ? place->path : road_find_path(roads, place, src, dst);
}

/* (n-1)G: LogGP's time of n bytes at a port. */
static inline uint64_t road_stream(struct roads *roads, struct path path, uint64_t bytes)
{
    return bytes && !roads->costless ? road_time(roads, bytes - 1, path.bandwidth_Bps) : 0;
}

#endif
