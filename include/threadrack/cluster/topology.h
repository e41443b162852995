/* The family of topologies.
 *
 * To add one: write src/cluster/topology/<name>.c with a `const struct topology_ops topology_<name>`
 * and add a row to src/cluster/topology.def and, for its keys, to src/cluster/settings.c. The
 * contract test picks it up.
 *
 * A member turns its keys into numbers (shape), adds its cables (wire), and says by arithmetic, from
 * those numbers alone, which links a message takes (route) and what they add up to (path). It never
 * looks at the cluster, and counts its vertices and links from 0, so that many copies of one fabric
 * can be parts of a larger one: see src/cluster/levels.h.
 */
#ifndef THREADRACK_CLUSTER_TOPOLOGY_H
#define THREADRACK_CLUSTER_TOPOLOGY_H

#include "threadrack/cluster/cluster.h"

struct wiring;

struct topology_ops {
    const char *name;
    const char *summary; /* one line, for `threadrack list topologies` */
    const char *options; /* the keys that not all families read but this does, separated by spaces;
                          * "" for none. Giving one that has no effect is an error. */
    bool equal_routes; /* where all links are equal, so are the paths of all pairs of nodes */
    /* Fills the fabric (topology is set already) for so many nodes, 0 when that is not said. A family
     * whose numbers fix its size makes that many places, whatever `nodes` is; the caller refuses
     * nodes without a place. One that takes any size makes `nodes` places, and when nodes is 0 leaves
     * `places` 0 and is not used any further. Required. */
    bool (*shape)(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors);
    /* Adds its cables (wiring_cable), links / 2 of them, in the order that route counts on. Required. */
    void (*wire)(const struct fabric *fabric, struct wiring *wiring);
    /* See cluster_route. Called with src != dst. `hash` is the message's (route_hash) and decides
     * among equal-cost paths where the family spreads by hash. Required. */
    int (*route)(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links);
    /* The sums along that route. Called for every message, so it must be cheap. Required. */
    struct path (*path)(const struct fabric *fabric, int src, int dst, uint64_t hash);
    /* Where the fabric is a box of a larger one (multi_level, attach=box), the larger one's cable is
     * plugged into its first switch, and this gives the links from a place to that. NULL means: the
     * cable is plugged into place 0, which forwards. */
    int (*climb)(const struct fabric *fabric, int place, int *links);
    struct path (*climb_path)(const struct fabric *fabric); /* the sums of climb; with it */
    /* The bandwidth, one way, that joins the worst two halves of its places, in B/s; 0 when the
     * formula does not hold for these numbers. NULL: no formula is known. */
    uint64_t (*bisection)(const struct fabric *fabric);
    /* How the places are nested, for collectives that go level by level: fills the sizes of its levels or
     * dimensions from the inside out, such that place x0 + d0 (x1 + d1 (x2 + ...)) has the coordinates
     * x0, x1, ..., and returns how many, at most CLUSTER_LEVELS_MOST; 0: too many. The last may be one
     * more than is full. NULL means: they are not nested. */
    int (*nesting)(const struct fabric *fabric, int *sizes);
    void (*release)(void *state); /* NULL means free(state) */
};

extern const struct topology_ops *const topologies[]; /* NULL at the end */

bool fabric_shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors);
void fabric_release(struct fabric *fabric);
/* Refuses keys that the chosen family does not read. */
bool cluster_check_effect(const struct config *config, struct errors *errors);

/* cluster.link.bandwidth and cluster.link.latency. */
struct path cluster_link_setting(const struct config *config);
/* The same of other keys, each cluster.link's where it is not set. */
struct path cluster_link_or(const struct config *config, const char *bandwidth_key,
                            const char *latency_key);
/* One route after the other. */
struct path path_join(struct path a, struct path b);
/* A route of so many equal cables. */
struct path path_repeat(struct path cable, int times);

/* Where the vertices of a fabric are in the cluster: place i is vertex first + i * stride, switch s
 * (its vertex places + s) is vertex first_switch + s. */
struct wiring {
    struct cluster *cluster;
    int places;
    int first, stride, first_switch;
};
/* Adds a cable between two of the fabric's vertices, two links, there and back. Returns the
 * cluster's index of the first. */
int wiring_cable(struct wiring *wiring, int from, int to, struct path cable);
/* The wiring of a part of a fabric, whose places are the vertices first, first + stride, ... of the
 * whole, all of them places or all of them switches, and whose switches begin at vertex
 * first_switch of the whole. */
struct wiring wiring_part(const struct wiring *whole, const struct fabric *part, int first, int stride,
                          int first_switch);

/* Equal-cost paths are spread by a hash of (src, dst), the finaliser of splitmix64 (Steele, Lea,
 * Flood: Fast splittable pseudorandom number generators, OOPSLA 2014) of src * 2^32 + dst, as
 * switches do by a hash of a flow's addresses: static, and the same on every machine. route_pick
 * draws one of `count`, and turns the hash into one for the next choice on the same route. */
uint64_t route_hash(int src, int dst);
int route_pick(uint64_t *hash, int count);

#endif
