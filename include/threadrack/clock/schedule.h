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

/* A round: the i-th step of every member, where all do alike. Member r sends to the member at
 * `distance`, and receives from the one to which it is that. The vector is cut into `parts` (by
 * base/share.h), of which r sends `width` next to each other, from part
 * ((r rounded down to a multiple of width) xor flip) + first, modulo parts. */
struct round {
    enum { ROUND_SHIFT, ROUND_XOR } pairing; /* to (r + distance) modulo size, or to r xor distance */
    int distance;                            /* in [1, size) */
    int parts, width, flip, first;           /* parts 0: messages are empty; first in [0, parts) */
    bool reduce;
};

struct schedule {
    const char *name;
    /* Fills step and returns true, or returns false when index is past the member's last step. */
    bool (*step)(const struct call *call, int index, struct step *step);
    /* The same, told of all members at once (call->rank is not read), so that the clock can resolve a
     * round in one sweep; false when index is past the last round. False at index 0, or NULL: at this
     * size the schedule is not made of such rounds. */
    bool (*round)(const struct call *call, int index, struct round *round);
};

#endif
