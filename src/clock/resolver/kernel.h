/* Sweeps of a whole collective over its members: one sweep a round, all members at once.
 *
 * The terms are those of a step (step.c) and so are the integers. What a round reads of its sender
 * is what the sender had at the round's begin, so a round is element-wise:
 *
 *     next[r] = f(now[r], now[sender of r], ports of r, port of the sender)
 *
 * and a sweep is a plain loop over arrays without any dependence, so that a processor takes several
 * members at a time. It comes in two forms: where send ports are known to be free (after the first
 * round, if o covers the gap) a member's sending follows from its time; else a sweep of the senders
 * goes before that of the receivers. The sender of r lies at one distance in a stretch of members,
 * which a pointer moved by that distance takes care of, or its values have been copied to r's
 * place.
 */
#ifndef CLOCK_RESOLVER_KERNEL_H
#define CLOCK_RESOLVER_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* Arrays are by member. Times are signed, since processors compare those faster; they fit. */
struct kernel {
    int size;
    int64_t overhead_ps, gap_ps;

    int64_t *now;            /* when a member's round began */
    int64_t *next;           /* the room for the next round's; after a round: what `now` was */
    int64_t *ready;          /* when its processor was free at first, if later than its time */
    int64_t *send, *receive; /* when its ports are free */
    int64_t *waited;         /* for messages that their senders had not begun to send */
    int64_t
        *arrived;    /* of the last message that its receive port served, where that was checked, */
    int64_t *source; /* and its sender */

    /* Of the message that a member sends in this round. */
    int64_t *sent;    /* when it has left */
    int64_t *arrival; /* of its first byte */
    int64_t *stream;  /* how long it takes to pass a port */

    /* Room for copies of what a member's sender has. */
    int64_t *from_now, *from_arrival, *from_stream;

    bool disordered; /* a port was not asked in order of arrival */
};

/* Members [from, to), and what they pay: each its own where there is an array. */
struct sweep {
    int from, to;
    int64_t latency_ps;       /* of what they send, or, with free ports, of what comes */
    int64_t going_ps;         /* streaming what they send */
    int64_t coming_ps;        /* and what comes */
    int64_t add_ps;           /* adding that */
    const int64_t *latencies; /* by sender; NULL: alike, as all of these */
    const int64_t *streams;   /* by sender */
    const int64_t *adds;      /* by receiver */
    const int64_t
        *ready; /* when their processors are free: `ready` in the first round, else `now` */
    /* Of their senders, at their own place. */
    const int64_t *from_now, *from_arrival, *from_stream;
    bool checked; /* arrivals are to be compared, and left in `arrived` */
};

/* Fills `sent`, `arrival` and `stream`, and moves the send ports on. */
void kernel_send(struct kernel *kernel, const struct sweep *sweep);
/* The receivers' half, into `next`. */
void kernel_receive(struct kernel *kernel, const struct sweep *sweep);
/* Both halves where send ports are free, which stay as they were; reads `from_now` alone. */
void kernel_exchange(struct kernel *kernel, const struct sweep *sweep);
/* No processor is free before its member's time. */
void kernel_be_ready(struct kernel *kernel);
/* Send ports as rounds with free ports have left them: those of the last round, which is over. */
void kernel_free_ports(struct kernel *kernel, const struct sweep *sweep);

/* All are as the first is. */
void kernel_spread(int64_t *values, int count);
/* to[r] = from[r ^ distance]; a power of two that divides `count`. */
void kernel_copy_exchanged(int64_t *to, const int64_t *from, int count, int distance);

/* One message of few: from member `source` to member `target`, who sends as well, or does not. The
 * first is to be called for all senders, then the second for their receivers, each before its own
 * time changes, at last the third for those who only sent. */
void kernel_send_one(struct kernel *kernel, int source, int64_t latency_ps, int64_t stream_ps);
void kernel_receive_one(struct kernel *kernel, int source, int target, bool sends, int64_t add_ps,
                        bool checked);
void kernel_leave_one(struct kernel *kernel, int source);

#endif
