/* A collective's algorithm, as a pure function: what a member does in its i-th step.
 *
 * All members hold a vector of `count` elements; a step sends one range of it to one member and
 * receives one range from one member, at the same time, and ends when both have ended. Ranges of a
 * send and of the receive that it meets are the same. The clock times the steps, the rank floor
 * moves the bytes, and both ask this one function. It holds no state, so a collective of any size
 * is one macro-op, expanded lazily.
 */
#ifndef THREADRACK_CLOCK_SCHEDULE_H
#define THREADRACK_CLOCK_SCHEDULE_H

#include "threadrack/base/share.h"

#include <stdbool.h>
#include <stddef.h>

/* One call of a collective as one member sees it. */
struct call {
    int size;     /* members of the group */
    int rank;     /* this member, in [0, size) */
    int root;     /* of broadcast and gather; else 0 */
    size_t count; /* elements of the whole vector */
};

struct step {
    int send_to, recv_from; /* members, or -1: none */
    struct share send, recv; /* ranges of elements */
    bool reduce;             /* what is received is added to the range; else it replaces it */
};

struct schedule {
    const char *name;
    /* Fills step and returns true, or returns false when index is past the member's last step. */
    bool (*step)(const struct call *call, int index, struct step *step);
};

#endif
