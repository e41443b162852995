/* The family of collectives: operations, each with one or more algorithms.
 *
 * An algorithm is a schedule (clock/schedule.h) and its closed form on an uncontended network. All
 * work in place on a vector of `count` elements at every member; block i of it is member i's share
 * (base/share.h):
 *   allreduce       every member ends with the element-wise sum of all vectors
 *   reduce_scatter  member i ends with that sum in block i; the rest of its vector is spoilt
 *   allgather       every member ends with block i of member i, for all i
 *   broadcast       every member ends with the root's vector
 *   reduce          the root ends with the sum of all vectors; the others' are spoilt
 *   gather          the root ends with block i of member i, for all i; the others' may be spoilt
 *   scatter         member i ends with block i of the root; the rest of its vector is spoilt
 *   alltoall        block j of member i ends as block i of member j; blocks are count / p elements
 *                   each, and what p does not divide stays as it is
 *   barrier         no member goes on before all have come; count is 0
 *
 * To add one: src/comm/collectives/<operation>/<algorithm>.c and a row in src/comm/collective.def.
 */
#ifndef THREADRACK_COMM_COLLECTIVE_H
#define THREADRACK_COMM_COLLECTIVE_H

#include "threadrack/base/errors.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/clock/schedule.h"

#include <stddef.h>
#include <stdint.h>

/* What an algorithm may need to know besides the call; the context of its schedule. */
enum { LAYOUT_LEVELS = CLUSTER_LEVELS_MOST };
struct layout {
    /* hierarchical, torus2d: the sizes of the levels or dimensions from the inside out, whose product
     * is the group's size; 0 of them: two, about its root. And the paths of messages along each, for
     * the closed form; bandwidth 0: as the others. */
    int levels, sizes[LAYOUT_LEVELS];
    struct path paths[LAYOUT_LEVELS];
    size_t chunk; /* chain, double_tree: elements in a chunk, at most; 0: 16,384, in at most 64
                     chunks */
};

struct collective {
    const char *operation; /* "allreduce" */
    const char *name;      /* "ring" */
    const char *summary;
    const char *options; /* "" */
    struct schedule schedule;
    /* How long a call (its size, count and context) takes under Hockney's model where every pair of
     * members has this path and nothing contends: the cost of each message is rounded once. Exact
     * where blocks come out even: the group's size, the largest power of two within it and the
     * number of chunks divide the count. Else blocks are taken at their largest, and it is an upper
     * bound; but not for algorithms that fold members (halving, doubling), where messages of uneven
     * lengths may wait for each other, a third longer at most as far as is tested; nor for
     * double_tree, likewise. Its all-reduce of even blocks is within an eighth above the form,
     * since members that are ahead may take a port before others. That of torus2d is for members with
     * ports and links of their own in each dimension, and exact where all have one length. Additions
     * are not in it. NULL: none is known, as of a file's. */
    uint64_t (*closed_form_ps)(const struct call *call, size_t element_bytes, struct path path);
};

extern const struct collective *const collectives[]; /* NULL at the end */

/* The algorithm of that name, or other name (rabenseifner, torus); NULL and a message when there is none. */
const struct collective *collective_find(const char *operation, const char *name, const char *where,
                                         struct errors *errors);
/* The cheapest by closed form of those that need no layout; the first in the table of equals. */
const struct collective *collective_cheapest(const char *operation, int size, size_t count,
                                             size_t element_bytes, struct path path);

#endif
