/* Fabrics inside fabrics: what multi_level and rail_optimized are made of.
 *
 * Level k has d_k places; node x0 + d0 (x1 + d1 (x2 + ...)) has the coordinates x0, x1, ... How a
 * level is attached to those below it decides what its places are:
 *
 *     box   one copy for each box of the next level; its places are the boxes below, each of which is
 *           plugged in by its first switch (or its place 0, where its family knows no climb): a tree.
 *     node  every node is wired in this dimension, too: one copy for each place below, which joins
 *           the nodes that differ in this coordinate only: the product of ASTRA-sim's
 *           multi-dimensional topologies.
 *     all   the last level only: its places are the nodes themselves, of all boxes below, as where
 *           each accelerator of a box has a port of its own to one network.
 *
 * A level attached by `box` goes on with the tree of the level below; one by `node` begins a tree of
 * its own. A message corrects its place in one tree after the other, the lowest first: up to the
 * level where source and destination meet, through it, and down. With `all`, what stays in a box
 * takes the levels below, all else the last level. */
#ifndef THREADRACK_SRC_CLUSTER_LEVELS_H
#define THREADRACK_SRC_CLUSTER_LEVELS_H

#include "threadrack/cluster/topology.h"

enum { MOST_LEVELS = CLUSTER_LEVELS_MOST };

enum attach { ATTACH_BOX, ATTACH_NODE, ATTACH_ALL };

struct level {
    struct fabric fabric;
    enum attach attach;
    int size;         /* d_k */
    int stride;       /* nodes below one of its places: d_0 ... d_(k-1) */
    int tree;         /* the level that begins its tree */
    int first_link;   /* of copy 0; copies follow one another */
    int first_switch; /* a vertex of the whole, of copy 0 */
};

struct levels {
    int count;
    struct level level[MOST_LEVELS];
};

/* The fabric of levels whose `fabric` and `attach` are filled, each with places. Takes them over.
 * `where` begins messages. */
bool levels_shape(struct fabric *fabric, const struct levels *levels, const char *where,
                  struct errors *errors);

/* Hooks of a family that is made of levels. */
void levels_wire(const struct fabric *fabric, struct wiring *wiring);
int levels_route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links);
struct path levels_path(const struct fabric *fabric, int src, int dst, uint64_t hash);
uint64_t levels_bisection(const struct fabric *fabric);
int levels_nesting(const struct fabric *fabric, int *sizes);
void levels_release(void *levels);

#endif
