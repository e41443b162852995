/* The family of collectives: operations, each with one or more algorithms.
 *
 * An algorithm is a schedule (clock/schedule.h) and its closed form on an uncontended network. All
 * work in place on a vector of `count` elements at every member; block i of it is member i's share
 * (base/share.h):
 *   allreduce       every member ends with the element-wise sum of all vectors
 *   reduce_scatter  member i ends with that sum in block i; the rest of its vector is spoilt
 *   allgather       every member ends with block i of member i, for all i
 *   broadcast       every member ends with the root's vector
 *   gather          the root ends with block i of member i, for all i
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

struct collective {
    const char *operation; /* "allreduce" */
    const char *name;      /* "ring" */
    const char *summary;
    const char *options; /* "" */
    struct schedule schedule;
    /* How long it takes under Hockney's model where every pair of members has this path and nothing
     * contends: rounds times the cost of a message, which is rounded once. Exact when the group's
     * size (halving-doubling: the largest power of two within it) divides the count; else blocks
     * are taken at their largest. Additions are not in it. */
    uint64_t (*closed_form_ps)(int size, size_t count, size_t element_bytes, struct path path);
};

extern const struct collective *const collectives[]; /* NULL at the end */

/* The algorithm of that name; NULL and a message when there is none. */
const struct collective *collective_find(const char *operation, const char *name, const char *where,
                                         struct errors *errors);
/* The cheapest by closed form; the first in the table of equals. */
const struct collective *collective_cheapest(const char *operation, int size, size_t count,
                                             size_t element_bytes, struct path path);

#endif
