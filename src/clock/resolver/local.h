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

/* An operation, as struct item of ../state.h. */
struct local_item {
    const struct schedule *schedule; /* NULL: point to point */
    size_t count;                    /* elements */
    uint64_t unit_bytes;
    int member; /* itself; point to point: the other */
    int root;
};

/* A lane at its operation, as struct lane of ../state.h. There while it is busy. */
struct local_lane {
    struct group *group;
    uint8_t kind;   /* enum group_lane */
    uint8_t number; /* among its rank's */
    uint8_t next_handed; /* see local_rank; 0: none */
    bool sending, receiving, adding;
    bool matched; /* its message has arrived, or been taken from those that had */
    int from;     /* the member that its step receives from */

    struct local_item *queue; /* a ring of those that are to follow */
    int head, count, room;

    int index; /* of the next step */
    struct local_item item;
    struct pattern *pattern;

    /* The step. */
    uint64_t sent_ps;  /* when what it sends will have left */
    uint64_t add_ps;
    uint64_t since_ps; /* when it began */
    uint32_t sequence; /* of the message that it sends */
    uint32_t wanted;   /* key of what it receives, */
    uint32_t size;     /* whose bytes are these, modulo 2^32 */
    uint32_t message;  /* when matched */
};

/* What stays of a lane that is idle. */
struct local_place {
    uint32_t lane;  /* among all that were made, plus one; 0: idle */
    uint32_t ended; /* operations, modulo 2^32 */
};

/* A group as one of its members sees it. */
struct local_slot {
    struct group *group;
    struct local_place places[GROUP_LANES];
};

/* A stretch of computing that overlaps with a lane or not: it waits for its message's begin. */
struct stretch {
    uint64_t from_ps, to_ps;
};

struct local_rank {
    uint64_t now_ps, cpu_free_ps, send_free_ps, receive_free_ps;
    uint64_t busy_until_ps, accounted_ps;
    uint64_t woken_ps;  /* the wheel will come to the rank then */
    uint64_t stolen_ps; /* overheads paid while computing */
    uint8_t state;      /* enum compute_state */
    uint8_t wait_lane;
    uint8_t slot_count, busy; /* lanes */
    uint8_t first_handed, last_handed; /* lanes whose sends start at the end of this instant, in order */
    uint32_t wait_count, sequence;
    uint32_t first, last; /* messages that have arrived and that nobody has asked for, in that order */
    struct agenda processor, ports;
    struct local_slot *slots; /* by group */
    struct stretch *stretches;
    int stretch_count, stretch_room;
    int unmatched; /* lanes that wait for a message */
    int marks;
};

enum { LANES_A_BLOCK = 64 };

struct local {
    struct local_rank *ranks;
    uint64_t end_ps; /* of the present window */
    struct local_lane **blocks; /* of LANES_A_BLOCK each: all that were ever made */
    int block_count, block_room;
    uint32_t spare; /* lanes not in use: a list by `message`, plus one; 0: none */
};

static inline struct local_place *local_place(const struct local_rank *rank, uint32_t number)
{
    return &rank->slots[(number - 1) / GROUP_LANES].places[(number - 1) % GROUP_LANES];
}

/* The rank's turn will come soon. */
static inline void local_foresee(const struct local *local, uint32_t rank)
{
    __builtin_prefetch(&local->ranks[rank], 1);
    __builtin_prefetch((const char *)&local->ranks[rank] + 64, 1);
}

/* NULL: it is idle. */
static inline struct local_lane *local_lane(const struct local *local, const struct local_rank *rank,
                                            uint32_t number)
{
    uint32_t lane = local_place(rank, number)->lane;
    return lane ? &local->blocks[(lane - 1) / LANES_A_BLOCK][(lane - 1) % LANES_A_BLOCK] : NULL;
}

struct local *local_create(int ranks);
void local_free(struct local *local, int ranks);
void local_add_group(struct dataflow *flow, struct group *group);
void local_resolve(struct dataflow *flow);
void local_finish(struct dataflow *flow);
/* By the wheel: the arrivals of the window, in order, then the rank's turn in it. */
void local_arrive(struct dataflow *flow, int rank, const struct message *message);
void local_run(struct dataflow *flow, int rank);

/* local_lane.c */
void local_post(struct dataflow *flow, int rank, uint32_t number, struct local_item item);
void local_handle(struct dataflow *flow, int rank, struct happening happening);
/* What was handed over in this instant begins to leave. */
void local_start(struct dataflow *flow, int rank);
void local_lanes_free(struct local *local);

/* local_account.c: as ../account.c. */
void local_account(const struct dataflow *flow, struct local_rank *rank);
/* The lane's message has arrived, which its sender began to send at begun_ps. */
void local_account_match(const struct dataflow *flow, struct local_rank *rank,
                         const struct local_lane *lane, uint64_t begun_ps);

/* Into the agenda: of the processor in order of making, of the ports by sender and its sequence. */
void agenda_put(struct agenda *agenda, struct happening happening);
static inline uint64_t agenda_next(const struct agenda *agenda)
{
    return agenda->count ? agenda->items[agenda->head].time_ps : TIME_NEVER;
}
struct happening agenda_take(struct agenda *agenda);

#endif
