/* An observer of the clock: it is told, in the order of virtual time, what every rank begins and
 * ends. Timelines and the counting of links are observers.
 *
 * Observing never changes a result. It needs every message one by one, so a clock with an observer
 * resolves by events, also where a whole collective could be resolved at once, to the same integers
 * (clock/clock.h). All sights of one instant come in the order in which the clock handles them; an
 * end comes before the beginning that it makes way for.
 */
#ifndef THREADRACK_CLOCK_OBSERVER_H
#define THREADRACK_CLOCK_OBSERVER_H

#include "threadrack/clock/clock.h"

enum sight_kind {
    /* The compute lane: of ops that take time. Overheads of messages (loggp's o) that put an op off lie
     * inside it. */
    SIGHT_COMPUTE_BEGINS,
    SIGHT_COMPUTE_ENDS,
    /* It is blocked until an operation of `lane` has ended. */
    SIGHT_WAIT_BEGINS,
    SIGHT_WAIT_ENDS,
    /* The operation at the head of a lane, and within a collective each step of its algorithm, whose
     * additions are a part of it. Where it has strands (clock/schedule.h), steps are each a strand's. */
    SIGHT_OPERATION_BEGINS,
    SIGHT_OPERATION_ENDS,
    SIGHT_STEP_BEGINS,
    SIGHT_STEP_ENDS,
    /* A message: its sender's lane begins to send it; its last byte has left, has arrived; the lane of
     * its receiver has taken it in, which may be long after it arrived. `rank` and `lane` are the
     * sender's for the first two, the receiver's for the others. */
    SIGHT_MESSAGE_BEGINS,
    SIGHT_MESSAGE_SENT,
    SIGHT_MESSAGE_DELIVERED,
    SIGHT_MESSAGE_RECEIVED,
    /* From now on its bytes flow at another rate, where the netmodel shares links (netmodel_watch). Of
     * no track: `rank` is the sender, `lane` 0. */
    SIGHT_MESSAGE_RATE,
};

struct sight {
    enum sight_kind kind;
    uint64_t now_ps;
    int rank;
    int lane;          /* its index at the rank; 0 is the compute lane */
    int strand;        /* of a step, or of a message at this end, where a lane has them; -1: it has none */
    int training_step; /* in which the rank posted it, from 0 */

    /* Of an operation or step, else NULL or 0. */
    const struct schedule *schedule; /* NULL: point to point */
    int index;                       /* of the step in its collective, from 0 */
    int send_to, receive_from;       /* ranks; -1: none */
    uint64_t bytes;                  /* of a collective's vector, of a step's send, of a message sent;
                                      * 0 where a receive does not know it */
    const struct transfer *message;  /* of the SIGHT_MESSAGE kinds */
    double before_Bps, rate_Bps;     /* of SIGHT_MESSAGE_RATE */
};

struct clock_observer {
    struct clock_observer *next; /* the clock's */
    void (*saw)(struct clock_observer *self, const struct sight *sight);
};

/* Before the first op is appended. The observer outlives the clock's last call. */
void clock_observe(struct clock *clock, struct clock_observer *observer);

/* What a lane index of a rank stands for. Of a rank that replays a graph, calcs have a lane for each
 * cpu, and sends and receives as many tracks as are under way at a time, so that the count is only that
 * of the cpus. */
struct lane_label {
    int group; /* its number; -1: of none, it computes or is a graph's */
    enum group_lane kind;
    const char *name; /* of the group (clock_name_group); NULL: it has none */
    int size;         /* of the group */
    int cpu;          /* of a graph's calcs */
    int track;        /* of a graph's sends or receives, from 1; 0: it computes */
};
struct lane_label clock_lane_label(const struct clock *clock, int rank, int lane);
int clock_lane_count(const struct clock *clock, int rank);

#endif
