/* What the clock keeps of each rank, lane and group. Private to the clock. */
#ifndef CLOCK_STATE_H
#define CLOCK_STATE_H

#include "threadrack/base/heap.h"
#include "threadrack/clock/clock.h"
#include "threadrack/clock/graph.h"
#include "threadrack/clock/pace.h"

#include <pthread.h>

/* An operation posted to a lane: a message, or a whole collective. */
struct item {
    const struct schedule *schedule; /* NULL: point to point */
    struct call call;
    uint64_t unit_bytes; /* of an element; point to point: of the whole message */
    int peer;            /* point to point: the member sent to or received from */
    int training_step;   /* in which it was posted */
    bool serves;         /* OP_SERVE */
};

struct pattern; /* resolver/pattern.h */
struct gathering;
struct group {
    int size;
    bool pipeline;
    bool dense;      /* member i is rank members[0] + i, and its lanes are where the first one's are */
    const char *name; /* NULL: none */
    int *members;    /* ranks */
    int *lane_bases; /* by member */
    struct pattern *patterns; /* a list */
    struct gathering *gathering; /* resolver/gathering.c; NULL: none has been held */
};

/* Lanes are there while they have something to do: of a hundred thousand ranks' lanes most have not. */
struct lane {
    int number; /* among the rank's */
    enum group_lane kind;
    const struct group *group;
    struct lane *next_spare; /* of those not in use */

    struct item *queue; /* a ring of `room` items, `count` of them waiting from `head` on */
    int head, count, room;
    uint32_t ended; /* operations that have ended, modulo 2^32 */

    /* The operation at work, or the last. A step of it sends and receives at the same time. */
    bool busy, sending, receiving, adding;
    bool held; /* a strand's step has been loaded, and waits for another strand */
    struct item item;
    struct step step;
    int index;
    int steps_ended; /* of a strand */
    struct transfer *message; /* what it receives, once the sender has begun to send it */

    struct transfer *early; /* begun by their senders, not yet asked for here; in send order */
    struct transfer **early_end;

    /* Of a collective of several strands: each is at work as a lane of its own, and the fields of
     * the operation at work above are the strands'. */
    struct lane *strands; /* room for strand_room, strand_count at work; 0: there is but this lane */
    int strand_count, strand_room;
    struct lane *whole; /* a strand's lane; NULL: it is none */
    uint64_t adder_free_ps; /* strands add one after the other */
};

/* A strand of the lane's operation at work: the lane itself where it has but one. NULL: it has no
 * such strand. */
static inline struct lane *lane_strand(struct lane *lane, int strand)
{
    if (lane->strand_count == 0)
        return strand == 0 ? lane : NULL;
    return strand < lane->strand_count ? &lane->strands[strand] : NULL;
}

struct graph_run; /* graph.c */
struct goal_writer; /* goal_write.c */

/* What stays of a lane that is idle. */
struct lane_place {
    struct lane *lane; /* NULL: idle */
    uint32_t ended;
    int training_step; /* of its last operation */
};

/* A group, as one of its members has it. */
struct membership {
    const struct group *group;
    struct lane_place places[GROUP_LANES];
};

static inline uint32_t lane_ended(const struct lane_place *place)
{
    return place->lane ? place->lane->ended : place->ended;
}

enum compute_state {
    COMPUTE_IDLE, /* its next op can begin; if the stream is empty, it is starved */
    COMPUTE_BUSY,
    COMPUTE_BLOCKED,
    COMPUTE_ENDED
};

/* What the clock knows of a node_record. */
struct rank_record {
    uint64_t compute_ps, exposed_comm_ps, waiting_ps, bubble_ps, overlapped_comm_ps;
    uint64_t bytes_sent, messages_sent;
};

/* What every resolver keeps of a rank: a line of the cache, of a hundred thousand ranks. */
struct rank_book {
    _Alignas(64) struct op_stream *stream; /* NULL: it has nothing */
    struct rank_record record;
};
/* And what only its beginning and its end touch. */
struct rank_edge {
    uint64_t ended_ps;
    int lane_count;
};

/* What resolver `events` keeps besides. */
struct rank_state {
    struct membership *groups; /* GROUP_LANES lanes each, from lane 1 on; lane 0 is the compute lane */
    struct graph_run *graph; /* NULL: it replays none */
    enum compute_state state;
    int marks;
    uint64_t busy_until_ps; /* of COMPUTE_BUSY; messages' overheads may put it off */
    uint64_t cpu_free_ps;   /* until then the processor pays overheads */
    int wait_lane;          /* of COMPUTE_BLOCKED; 0: its graph */
    uint32_t wait_count;
    uint64_t accounted_ps;  /* the record is complete up to here */
    uint64_t stolen_ps;     /* overheads paid while computing */
    uint64_t sequence;      /* of its next event or transfer */
};

static inline struct membership *lane_membership(const struct rank_state *state, int lane)
{
    return &state->groups[(lane - 1) / GROUP_LANES];
}

static inline struct lane_place *lane_place(const struct rank_state *state, int lane)
{
    return &lane_membership(state, lane)->places[(lane - 1) % GROUP_LANES];
}

/* A message that is not of the size that its receiver asks for. */
struct mismatch {
    bool there;
    int src, dst;
    uint64_t sent_bytes, wanted_bytes;
};

/* The end of a step. */
struct mark {
    uint64_t end_ps;     /* of the last rank */
    uint64_t bytes_sent; /* by each rank up to its own end of the step, over all ranks */
    int ranks;           /* that have told of it */
};

/* What a rank has asked. */
struct question {
    bool open;
    uint64_t number;  /* of the rank's questions, so that a time that comes too late is known */
    int peer;         /* of its latest receive from anyone */
};

struct dataflow;
struct feed;
struct clock {
    const struct cluster *cluster;
    struct netmodel *netmodel;
    struct pace *pace;
    struct rank_book *books;
    struct rank_edge *edges;
    struct rank_state *ranks; /* NULL: another resolver is at work */
    int rank_count, ended_count;
    bool shared;   /* ranks append on threads of their own */
    bool streamed; /* since streams were trimmed */
    struct op_calls *calls; /* of all streams; NULL: they are shared */
    struct group **groups;
    int group_count, group_room;

    pthread_mutex_t lock; /* of all below, and of the ranks but for their streams */
    uint64_t now_ps;
    struct heap events;
    int *idle; /* ranks in COMPUTE_IDLE */
    int idle_count, idle_room;
    struct transfer **candidates; /* begun in this instant, not yet handed to the netmodel */
    int candidate_count, candidate_room;
    struct transfer_block *transfers; /* all that were ever made, so that none is lost in a failed run */
    struct transfer *spare;           /* those to use again */
    struct lane_block *lanes; /* all that were ever made */
    struct lane *spare_lanes; /* idle ones, to use again */
    struct clock_observer *observers; /* a list */
    struct netmodel_watch rates;      /* for them */
    enum graph_rules graph_rules;
    int *unsettled; /* ranks whose graphs have something for an idle processor */
    int unsettled_count, unsettled_room;
    struct mark *marks;
    int mark_count, mark_room;
    int marks_passed; /* see clock_marks_by */
    struct clock_pulse pulse;
    uint64_t work; /* messages, about, since the last beat */
    bool stopped;
    uint64_t messages, deliveries;
    uint64_t length_ps;       /* once it has finished */
    struct mismatch mismatch; /* the first; nothing is resolved beyond it */
    bool stuck;
    struct question *questions; /* by rank; NULL: nobody asks */
    struct clock_answers answers;
    int *turns; /* ranks that wait for their turn */
    int turn_count, turn_room;
    struct goal_writer *writer; /* NULL: nothing is kept */
    struct feed *feed; /* of a second thread; NULL: there is one only */
    struct dataflow *flow; /* resolver/dataflow.h; NULL: resolved by events */
};

enum clock_event {
    CLOCK_COMPUTED,
    CLOCK_ADDED,        /* data: the lane */
    CLOCK_TIME_IS_UP,   /* data: the number of the question */
    CLOCK_SEND_PAID,    /* the transfer: its sender's o */
    CLOCK_BYTES_PAID,   /* the transfer: its sender's (n-1)O, where that takes longer than sending */
    CLOCK_RECEIVE_PAID, /* the transfer: its receiver's o, and what is left of its (n-1)O */
    CLOCK_CONTROL_PAID, /* the request or answer: its receiver's o */
    CLOCK_GRAPH_CALC,   /* the graph's op: it has been computed */
    CLOCK_GRAPH_FREE    /* the graph's processor: an overhead has been paid */
};

/* account.c: brings the rank's record up to now; call before anything about the rank changes. */
void account(struct clock *clock, struct rank_state *rank);

/* protocol.c: a message's way from its sender's processor to its receiver's. */
struct transfer *transfer_new(struct clock *clock);
void transfers_free(struct clock *clock);
/* Hands it back once it has been sent, delivered and received. */
void transfer_end(struct clock *clock, struct transfer *transfer);
/* Its sender begins: eager, or by asking the receiver first. */
void message_send(struct clock *clock, struct transfer *message);
/* Its receiver has posted the receive that it is for. */
void message_wanted(struct clock *clock, struct transfer *message);
/* Charges its receiver's processor, CLOCK_RECEIVE_PAID follows; false: there is nothing to pay. */
bool message_pay_receive(struct clock *clock, struct transfer *message);
/* What the processor does so that the event can happen: lead_ps before it, total_ps in all; hidden_ps
 * it has done before. */
struct message_work {
    uint64_t lead_ps, total_ps, hidden_ps;
};
struct message_work message_work(const struct clock *clock, const struct transfer *transfer,
                                 enum clock_event kind);
void message_event(struct clock *clock, const struct event *event);
void message_sent(void *clock, struct transfer *transfer);      /* for netmodel_sink */
void message_delivered(void *clock, struct transfer *transfer); /* likewise */

/* lane.c */
/* Makes it, if it is idle. Its place is its own until lane_rest finds that it has nothing to do. */
struct lane *lane_get(struct clock *clock, int rank, int number);
void lane_rest(struct clock *clock, int rank, struct lane *lane);
void lanes_free(struct clock *clock);
void lane_post(struct clock *clock, int rank, struct lane *lane, struct item item);
void lane_added(struct clock *clock, int rank, struct lane *lane);
void lane_sent(struct clock *clock, int rank, int lane, int strand);
void lane_delivered(struct clock *clock, struct transfer *message);
void lane_received(struct clock *clock, struct transfer *message);

/* graph.c: a rank's replay of a graph. A message of a graph has a `send_op`. */
void graph_release(struct graph_run *run);
bool graph_begin(struct clock *clock, int rank); /* false: the rank is blocked until it ends */
/* Lets idle processors of graphs begin what is ready; false: there was nothing. Call when all events
 * of the instant have been handled. */
bool graph_settle(struct clock *clock);
void graph_event(struct clock *clock, const struct event *event);
/* The processor of `rank` is to work at the transfer; the event follows. */
void graph_work(struct clock *clock, int rank, struct transfer *transfer, enum clock_event kind);
/* The sender's processor is done with the message, whose bytes go their way. */
void graph_handed_over(struct clock *clock, struct transfer *message);
void graph_has_been_sent(const struct clock *clock, const struct transfer *message); /* its last byte */
void graph_sent(struct clock *clock, int rank, const struct graph_op *op);
void graph_delivered(struct clock *clock, struct transfer *message);
void graph_received(struct clock *clock, struct transfer *message);
int graph_cpus(const struct graph_run *run);
bool graph_computes(const struct graph_run *run);
bool graph_communicates(const struct graph_run *run); /* a message of it is being sent or received */
/* What a rank that is blocked in its graph lacks, the first in its file. */
struct graph_wait {
    int peer; /* -1: nothing of another rank's */
    bool sends;
    uint32_t tag, line;
};
void graph_waits(const struct clock *clock, struct graph_wait *waits); /* by rank */
uint32_t graph_left(const struct graph_run *run); /* operations that have not ended */

/* pulse.c */
/* False: resolving is to stop. */
bool clock_beat(struct clock *clock);
enum { BEAT_WORK = 4096 };
/* Call now and then while resolving, with how many messages have been resolved since the last call, about. */
static inline bool clock_goes_on(struct clock *clock, uint64_t messages)
{
    clock->work += messages;
    return clock->work < BEAT_WORK || clock_beat(clock);
}

/* clock.c */
/* A rank has ended that step at that time, and sent so many bytes since the run began. */
void clock_mark(struct clock *clock, int index, uint64_t time_ps, uint64_t bytes_sent);
/* Another resolver is to be at work; no group is there yet. */
void clock_forget_events(struct clock *clock);
void clock_wake(struct clock *clock, int rank); /* a blocked rank goes on */
void clock_schedule(struct clock *clock, int rank, uint64_t time_ps, enum clock_event kind,
                    void *data);
/* An operation of the rank's lane has ended: it may have been waiting for it. */
void clock_lane_moved(struct clock *clock, int rank, const struct lane *lane);

#endif
