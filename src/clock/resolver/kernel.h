/* A whole collective as sweeps over its members: one sweep a round, all members at once.
 *
 * The terms are those of a step (step.c) and so are the integers. What a round reads of its sender
 * is what the sender had at the round's begin, so a round is element-wise:
 *
 *     next[r] = f(now[r], now[sender of r], ports of r, port of the sender)
 *
 * and a sweep is a plain loop over arrays, in at most a few runs in which the sender lies at one
 * distance. Where all members pay alike (equal parts, paths and devices) costs are scalars.
 */
#ifndef CLOCK_RESOLVER_KERNEL_H
#define CLOCK_RESOLVER_KERNEL_H

#include "threadrack/clock/schedule.h"

#include <stdbool.h>
#include <stdint.h>

/* Arrays are by member. Times are signed, since processors compare those faster; they fit. */
struct kernel {
    int size;
    int64_t overhead_ps, gap_ps;
    bool checks; /* whether ports are asked in order of arrival has to be checked */

    int64_t *now;     /* when a member's round began */
    int64_t *next;    /* the room for the next round's */
    int64_t *ready;   /* when its processor is free for it; of the first round */
    int64_t *send, *send_next, *receive; /* when its ports are free */
    int64_t *arrived;                    /* of the last message that its receive port served */
    int64_t *waited;                     /* for messages that their senders had not begun to send */

    /* Costs of a round: of all members alike, or (not `alike`) of each. */
    bool alike;
    int64_t latency_ps, stream_ps, add_ps;
    int64_t *latency, *stream; /* of what it sends */
    int64_t *add;              /* of what it receives */

    bool disordered; /* a port was not asked in order of arrival */
};

/* Which of its short cuts a round may take. */
struct kernel_round {
    struct round round;
    bool first;         /* `ready` may be later than `now` */
    bool ports_waited;  /* send ports may be busy when a member begins to send */
    bool checked;       /* arrivals are to be compared, and left in `arrived` */
};

void kernel_sweep(struct kernel *kernel, const struct kernel_round *round);

#endif
