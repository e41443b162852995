/* A SimGrid platform, as its XML describes it: points (hosts, routers, zones) in nested zones, links,
 * and how each zone routes among its points. A message's links are found when it is sent, by the
 * same recursion as SimGrid's (NetZoneImpl::get_global_route): the common zone of both ends routes
 * between the zones that hold them, and each side is routed to its gateway.
 *
 * What SimGrid calls a link is one resource here, which is a cable of the cluster: SHARED and
 * FATPIPE use only its first link, whichever way a message goes; SPLITDUPLEX has its two.
 */
#ifndef THREADRACK_SRC_CLUSTER_IMPORT_PLATFORM_H
#define THREADRACK_SRC_CLUSTER_IMPORT_PLATFORM_H

#include "threadrack/cluster/cluster.h"

enum point_kind { POINT_HOST, POINT_ROUTER, POINT_ZONE };

struct zone;

struct point {
    char *name;
    enum point_kind kind;
    struct zone *zone;  /* that it stands in; NULL of the outermost zone's */
    int id;             /* its place in that zone */
    int node;           /* of a host: the node's number */
    struct zone *inner; /* of a zone's point */
};

/* The links of a part of a message's way; gateways where it joins zones. */
struct way {
    int *links, count;
    const struct point *from_gateway, *to_gateway;
};

/* Where a route is collected. Links beyond `room` are counted and left out. */
struct trail {
    int *links;
    int count, room;
};

struct bypass {
    const struct point *from, *to;
    struct way way;
};

struct zone_ops {
    /* Adds the links from one of the zone's points to another, which differ, and sets the gateways
     * (to NULL where there are none). False: there is no route. */
    bool (*route)(const struct zone *zone, const struct point *from, const struct point *to,
                  struct trail *trail, const struct point **from_gateway,
                  const struct point **to_gateway);
    void (*release)(struct zone *zone); /* frees zone->own */
};

struct zone {
    struct point *point;
    struct zone *parent;
    const struct zone_ops *ops;
    struct point **points; /* count of them, by id */
    int count, room;
    struct bypass *bypasses;
    int bypass_count, bypass_room;
    bool alike;  /* the routes of all its hosts are of one shape: one stands for all */
    int longest; /* then: links of the longest way */
    void *own;   /* the ops' */
};

struct platform {
    struct zone *root;
    struct point **hosts; /* by node */
    int host_count, host_room;
    double *speeds; /* flop/s of each host */
    struct link *links; /* two a resource */
    int link_count, link_room;
    char **link_names; /* one a resource */
    int name_count, name_room;
    void *by_name;  /* points: tsearch's tree */
    void *by_link;  /* resources, by name */
    int route_room;
};

/* Adds the links from one point of the platform to another; false where there is no route. */
bool platform_route(const struct point *from, const struct point *to, struct trail *trail);
void platform_free(struct platform *platform);

/* Building it. Names are copied; NULL and -1 when the name is taken. */
struct zone *platform_add_zone(struct platform *platform, struct zone *parent, const char *name,
                               const struct zone_ops *ops);
struct point *platform_add_point(struct platform *platform, struct zone *zone, const char *name,
                                 enum point_kind kind, double speed);
struct point *platform_find_point(const struct platform *platform, const char *name);
enum sharing { SHARING_SHARED, SHARING_SPLIT, SHARING_FATPIPE };
/* The index of the resource's first link. */
int platform_add_link(struct platform *platform, const char *name, uint64_t bandwidth_Bps,
                      uint64_t latency_ps, enum sharing sharing);
int platform_find_link(const struct platform *platform, const char *name); /* -1: there is none */

static inline void trail_add(struct trail *trail, int link)
{
    if (trail->count < trail->room)
        trail->links[trail->count] = link;
    trail->count++;
}

/* ---- Kinds of zones. ---- */

/* Routes written out (Full, None), or chains of them with the fewest links (Floyd, Dijkstra). */
extern const struct zone_ops zone_full, zone_floyd, zone_dijkstra;
/* Takes the way over. False when there is one already. */
bool zone_table_add(struct zone *zone, const struct point *from, const struct point *to,
                    struct way way);
/* Once all routes are known; false when the zone is too large for its kind. */
bool zone_table_seal(struct zone *zone);

/* A star: each point has links up and links down. */
extern const struct zone_ops zone_star;
void zone_star_set(struct zone *zone, const struct point *point, struct way up, struct way down);

/* What the regular shapes of <cluster> are made of. */
struct shape {
    struct platform *platform;
    const char *name;
    uint64_t bandwidth_Bps, latency_ps;
    enum sharing sharing;
    uint64_t limiter_Bps; /* 0: no limiters */
    int numbers[64];      /* of topo_parameters, in order */
    int count;
};
/* Each is called when the zone has its hosts. False and a text in `why` when it does not fit. */
extern const struct zone_ops zone_torus, zone_fat_tree, zone_dragonfly;
bool zone_torus_make(struct zone *zone, const struct shape *shape, char *why, size_t room);
/* `first` is how many hosts earlier fat trees of the platform have: SimGrid counts on. */
bool zone_fat_tree_make(struct zone *zone, const struct shape *shape, int first, char *why,
                        size_t room);
bool zone_dragonfly_make(struct zone *zone, const struct shape *shape, char *why, size_t room);
/* The limiter of a place of the shape, or -1. */
int shape_add_limiter(const struct shape *shape, int place);
int shape_add_link(const struct shape *shape, int factor, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
