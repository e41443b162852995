/* The lanes resolver: every rank's own events, one after the other, a window of time at a rank.
 *
 * A rank may keep any number of lanes busy. What happens at it depends on others only through the
 * messages that arrive at its port, and nothing that is sent in a window arrives in it: so once all
 * arrivals of a window are known (wheel.c), each rank goes through its own instants up to the window's
 * end, alone, while what it has is in the cache. An instant is what it is in ../clock.c, restricted to
 * one rank: what is idle acts, then what was handed over starts, then the processor's events, or else
 * the ports'; ties go by (time, sender, sequence) as there.
 *
 * The one thing that a rank cannot know in time is when a sender *began*, from which moment on its
 * receiver no longer waits but communicates; where that matters to a record it is accounted when the
 * message arrives (local_account.c).
 */
#ifndef CLOCK_RESOLVER_LOCAL_H
#define CLOCK_RESOLVER_LOCAL_H

#include "pattern.h"

enum local_event {
    LOCAL_COMPUTED, /* the processor's */
    LOCAL_ADDED,
    LOCAL_SEND_PAID,
    LOCAL_RECEIVE_PAID,
    LOCAL_SENT, /* the ports' */
    LOCAL_ARRIVED,
    LOCAL_DELIVERED
};

struct happening {
    uint64_t time_ps;
    uint32_t source, sequence; /* what ties go by; of the ports' the kind, too */
    uint32_t what;             /* a lane; of ARRIVED and DELIVERED the message */
    enum local_event kind;
};

/* In order; the few that a rank has at a time. */
struct agenda {
    struct happening *items;
    int head, count, room;
};

/* A lane at its operation, as struct lane of ../state.h. */
struct local_lane {
    struct group *group;
    enum group_lane kind;
    bool busy, sending, receiving, adding;
    bool matched;   /* its message has arrived, or been taken from those that had */
    uint32_t ended; /* operations, modulo 2^32 */
    struct item *queue;
    int head, count, room;

    struct item item;
    struct pattern *pattern;
    int index;

    /* The step. */
    struct parcel parcel; /* what it sends */
    uint64_t sent_ps;     /* when it will have left */
    uint32_t sequence;    /* of that message */
    uint32_t wanted;      /* key of what it receives, */
    uint32_t size;        /* whose bytes are these, modulo 2^32 */
    uint64_t add_ps;
    uint64_t since_ps; /* when the step began */
    uint32_t message;  /* when matched */
};

/* A stretch of computing that overlaps with a lane or not: it waits for its message's begin. */
struct stretch {
    uint64_t from_ps, to_ps;
};

struct local_rank {
    uint64_t now_ps, cpu_free_ps, send_free_ps, receive_free_ps;
    uint64_t busy_until_ps, accounted_ps;
    uint64_t woken_ps; /* the wheel will come to the rank then */
    enum compute_state state;
    int wait_lane;
    uint32_t wait_count, sequence;
    uint32_t first, last; /* messages that have arrived and that nobody has asked for, in that order */
    struct agenda processor, ports;
    uint32_t *handed; /* lanes whose sends start at the end of this instant, in order */
    int handed_count, handed_room;
    struct local_lane **lanes; /* made when they are first used; [0] is the compute lane, unused */
    int lane_count, unmatched; /* lanes that wait for a message */
    struct stretch *stretches;
    int stretch_count, stretch_room;
    uint64_t stolen_ps, bytes, messages;
    int marks;
    struct rank_record record;
};

struct local {
    struct local_rank *ranks;
    uint64_t end_ps; /* of the present window */
};

struct local *local_create(int ranks);
void local_free(struct local *local, int ranks);
void local_add_group(struct dataflow *flow, struct group *group);
void local_resolve(struct dataflow *flow);
void local_finish(struct dataflow *flow);
/* By the wheel: the arrivals of the window, in order, then the rank's turn in it. */
void local_arrive(struct dataflow *flow, int rank, const struct message *message);
void local_run(struct dataflow *flow, int rank);

/* local_lane.c */
void local_post(struct dataflow *flow, int rank, int lane, struct item item);
void local_handle(struct dataflow *flow, int rank, struct happening happening);
/* What was handed over in this instant begins to leave. */
void local_start(struct dataflow *flow, int rank);
struct local_lane *local_lane(struct dataflow *flow, int rank, int lane);

/* local_account.c: as ../account.c. */
void local_account(struct local_rank *rank);
/* The lane's message has arrived, which its sender began to send at begun_ps. */
void local_account_match(struct local_rank *rank, const struct local_lane *lane, uint64_t begun_ps);

/* Into the agenda: of the processor in order of making, of the ports by sender and its sequence. */
void agenda_put(struct agenda *agenda, struct happening happening);
static inline uint64_t agenda_next(const struct agenda *agenda)
{
    return agenda->count ? agenda->items[agenda->head].time_ps : TIME_NEVER;
}
struct happening agenda_take(struct agenda *agenda);

#endif
