/* A collective's algorithm, as a pure function: what a member does in its i-th step.
 *
 * All members hold a vector of `count` elements, and behind it, where the schedule asks for it,
 * scratch: elements from `count` on. A step sends one message to one member and receives one from
 * one member, at the same time, and ends when both have ended; a step with neither moves elements
 * within the member. The two ends of a message have equal counts, but may name different places.
 * The clock times the steps, the rank floor moves the bytes, and both ask this one function. It
 * holds no state and is called for every message of a run, so it must be cheap: no allocation, few
 * divisions. A collective of any size is one macro-op, expanded lazily.
 *
 * A schedule may have several *strands* that go on side by side, as a GPU's threadblocks do, each a
 * sequence of steps of its own; a member has ended when all its strands have. A step may wait for
 * another strand of its member, and says which strand of the receiver its message is for: messages
 * between two members are matched strand by strand, in order.
 *
 * A schedule may not rely on sends being buffered: it must come to its end also where a send ends
 * only once its receiver takes it.
 */
#ifndef THREADRACK_CLOCK_SCHEDULE_H
#define THREADRACK_CLOCK_SCHEDULE_H

#include "threadrack/base/share.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One call of a collective as one member sees it. */
struct call {
    int size;            /* members of the group */
    int rank;            /* this member, in [0, size) */
    int root;            /* of broadcast, reduce, gather and scatter; else 0 */
    size_t count;        /* elements of the whole vector */
    const void *context; /* the schedule's */
    int strand;          /* the one that is asked about; 0 where there is but one */
};

/* Before a step begins, that strand of the member must have ended so many of its steps; with `sent` it
 * is enough that the last of these has been sent, though it may still receive. 0 steps: nothing. */
struct after {
    int strand, steps;
    bool sent;
};

struct step {
    /* Members, or -1: none. Both -1: `send` is moved to `recv` within this member, which takes no
     * time, or is added to it, which takes the time of the additions. */
    int send_to, recv_from;
    /* Ranges of elements, each within the vector or within the scratch. Where the schedule has
     * `piece`, only their counts hold: the sums of the pieces'. */
    struct share send, recv;
    bool reduce; /* what is received is added to the range (or to `addend`); else it replaces it */
    int to_strand; /* the receiver's strand that the message is for */
    struct after after;
};

/* A round: what all members do at once, each a step of its own or nothing. The rounds of a member, in
 * their order, are its steps (but for moves within the member, which take no time).
 *
 * With ROUND_SHIFT and ROUND_XOR every member sends to the one at `distance`, and receives from the
 * one to which it is that. The vector is cut into `parts` (by base/share.h), of which member r sends
 * `width` next to each other:
 *   ROUND_SHIFT  to (r + distance) modulo size: part (r + first) modulo parts, `size` of them; width is 1
 *   ROUND_XOR    to r xor distance: those from (r rounded down to a multiple of width) xor flip on;
 *                width is `distance`, flip 0 or that
 * With ROUND_ONE_WAY, `senders` members, from member `sender` on every `stride`-th, send to the one at
 * `distance`, which may be negative; nobody else does anything. Member r sends part first + r, or,
 * `backwards`, first - r. Who receives may send as well where `stride` is 1 and distance 1 or -1.
 */
struct round {
    enum { ROUND_SHIFT, ROUND_XOR, ROUND_ONE_WAY } pairing;
    int distance;
    int parts, width, flip, first;
    size_t elements; /* parts 0: what each of them sends */
    bool as_steps;   /* or what each sends in its step of the round's index */
    bool reduce;
    int span;        /* ROUND_SHIFT: so many next to each other are a ring; 0: all members are one */
    int sender, senders, stride;
    bool backwards;
    /* Members are meant by their places after folding: `power` of them, the largest power of two.
     * Those who sit out follow from `power` on; the i-th was folded into place i. Members 2i + 1 are
     * at place i, for each i that sits out, which is member 2i; the others follow in their order.
     * The same in all rounds of a call. */
    bool folded;
};

/* What stands at a member for all its messages, where they are not sent one by one. */
struct whole {
    uint64_t duration_ps, bytes, messages;
};

struct schedule {
    const char *name;
    /* A closed form: the operation is over at a member so long after it begins there, whoever else has
     * posted it, and what its messages would have had is counted as sent. Then there are no steps, and
     * nothing else is asked. By timing-only runs and the resolver `events` only. NULL: steps. */
    struct whole (*whole)(const struct call *call);
    /* Fills step and returns true, or returns false when index is past the member's last step. */
    bool (*step)(const struct call *call, int index, struct step *step);
    /* The same, told of all members at once (call->rank is not read), so that the clock can resolve a
     * round in one sweep; false when index is past the last round. False at index 0, or NULL: at this
     * size the schedule is not made of such rounds. Only where no member can end before all have
     * begun: each has to hear of every other. */
    bool (*round)(const struct call *call, int index, struct round *round);
    /* The i-th range of what the step sends (or receives), in the message's order; false when i is
     * past the last. The two ends may cut the message differently. Asked by the rank floor only,
     * since timing needs no more than the sums. NULL: every message is the one range of its step.
     */
    bool (*piece)(const struct call *call, int index, bool sent, int i, struct share *range);
    /* With it, the sums of a step that reduces replace what the range held: they are those of what is
     * received and of these ranges, the i-th of which it gives; false when i is past the last, also
     * at 0: the step adds to its own range. Asked by the rank floor only. NULL: all do. */
    bool (*addend)(const struct call *call, int index, int i, struct share *range);
    /* How many strands this member has, at least one. NULL: one. */
    int (*strands)(const struct call *call);
    /* Elements of scratch that each member needs; the same at all. NULL: none. */
    size_t (*scratch)(const struct call *call);
    /* What the algorithm needs to know besides the call, such as the size of a box: the same object
     * at every member, and it outlives the run. */
    const void *context;
};

static inline int schedule_strands(const struct schedule *schedule, const struct call *call)
{
    return schedule->strands ? schedule->strands(call) : 1;
}

#endif
