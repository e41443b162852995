/* The dataflow resolver: a rank goes on as soon as what it waits for is known.
 *
 * There is no global order of events. Each rank has a time of its own; a step of it asks for one
 * message, and whoever sends that message hands it over and lets the rank go on. Worked example, a
 * ring of three, one step each:
 *
 *     queue: 0 1 2    rank 0 sends to 1 (1 has not asked: kept in its list), asks 2: blocked
 *     queue: 1 2      rank 1 sends to 2 (kept), asks 0: in its list, so its step has ended
 *     queue: 2        rank 2 sends to 0, which waits for exactly this: 0 goes to the queue; ...
 *
 * That is exact where what happens at a rank depends on its own program order alone:
 *   - its receive port serves messages in the order in which its program asks for them, or every
 *     port happens to have been asked in order of arrival (which is checked message by message), or
 *     the windows (wheel.c) have put the arrivals in order first;
 *   - at most one of its lanes waits for messages at a time, and its compute lane waits for that
 *     one: a post is followed by its wait. Sends may be under way besides, when they could begin at
 *     once. What a rank does beyond that makes the resolver say that it is lost (dataflow_lose),
 *     and the run is resolved by another.
 * Where a rank's time goes is accounted when a step ends, since all about it is known then.
 */
#ifndef CLOCK_RESOLVER_DATAFLOW_H
#define CLOCK_RESOLVER_DATAFLOW_H

#include "../state.h"

#include "threadrack/clock/resolver.h"

#include "road.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

/* Inlined, small structs stay in registers: through memory, a message's words would be written one by
 * one and read back in pairs, for which processors wait. */
#define INLINED static inline __attribute__((always_inline))

#define NOBODY UINT32_MAX /* no message, no rank, nothing wanted */

/* 64 bytes: all of a rank that its messages touch. */
struct seat {
    uint64_t now_ps; /* all before is resolved; of a rank in a step: when the step began */
    uint64_t cpu_free_ps, send_free_ps, receive_free_ps; /* when each can serve the next message */
    uint64_t sent_ps;      /* when the step's send has left */
    uint64_t arrived_ps;   /* of the last message that the receive port has served, */
    uint32_t arrived_from; /* and its sender */
    uint32_t wanted;       /* key of the message that the rank waits for, or NOBODY */
    uint32_t first, last;  /* messages that it has not asked for, in order of sending */
};

static inline uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What a message is matched by: the lane of its receiver, and its sender. */
static inline uint32_t message_key(int lane, int source)
{
    return (uint32_t)lane << 20 | (uint32_t)source;
}

struct message {
    uint64_t begun_ps;   /* when its sender began to send it */
    uint64_t arrival_ps; /* of its first byte at the port; once a window has served it: of its last */
    uint64_t stream_ps;  /* how long it takes to pass the port */
    uint32_t key;
    uint32_t receiver;
    uint32_t next; /* in a list of one owner at a time */
    uint32_t size; /* its bytes, modulo 2^32 */
    /* Of resolver lanes: */
    uint32_t sequence; /* among its sender's */
    bool delivered;
};

/* What a message is to its sender. */
struct parcel {
    int target;
    uint32_t key;
    uint64_t bytes, stream_ps, latency_ps;
};

enum phase {
    PHASE_READY = 0, /* takes its next op; dataflow_is_ready takes it for nought */
    PHASE_POSTED,   /* likewise: it has posted an operation and is to wait for it at once */
    PHASE_STEP,     /* in an operation; when it runs, its next step begins */
    PHASE_GATHERED, /* in an operation that a kernel will resolve as a whole */
    PHASE_ENDED
};

/* A group as one of its members sees it. */
struct slot {
    struct group *group;
    uint64_t sent_ps;             /* when the last of its sends has left */
    uint32_t posted[GROUP_LANES]; /* operations so far */
};

/* The rest of a rank: its operation at work. In the first 64 bytes, what every message touches; in the next
 * what every op does. */
struct task {
    _Alignas(64) uint8_t phase; /* enum phase */
    bool queued;
    bool streamed; /* its stream may have ops */
    uint8_t lane;
    int index; /* of the next step; of what has been posted: its number among the lane's */
    int member;
    int root; /* of a message: the member that it comes from */
    uint64_t bytes, messages;       /* sent; in the record at the end */
    uint64_t add_ps;                /* what adding takes when the step's message is there, but for traces */
    uint64_t waiting_ps, adding_ps; /* of the operation */
    struct group *group;

    struct slot *slots; /* by group; of one alone: `only` */
    struct slot only;
    int slot_count, marks;
    uint64_t sending_until_ps; /* all sends that were posted have left then */
    uint64_t began_ps;         /* the operation */

    struct pattern *pattern;         /* NULL: the schedule is asked */
    const struct schedule *schedule; /* NULL: one message */
    size_t count;                    /* elements */
    uint64_t unit_bytes; /* of an element; of one message: of all of it */
};

/* Of the group that the lane is of. */
static inline struct slot *task_slot(const struct task *task, int lane)
{
    return &task->slots[(lane - 1) / GROUP_LANES];
}

static inline struct call task_call(const struct task *task)
{
    return (struct call){.size = task->group->size,
                         .rank = task->member,
                         .root = task->root,
                         .count = task->count,
                         .context = task->schedule->context};
}

struct wheel;
struct local;
struct dataflow {
    struct clock *clock;
    struct roads roads;
    uint64_t overhead_ps, gap_ps;
    uint64_t reach_ps; /* o + L of the shortest link: no message arrives sooner */
    bool by_arrival; /* ports serve in order of arrival */
    bool by_kernels; /* collectives of rounds are resolved as a whole */
    bool devices_alike; /* additions take all devices as long, but for traces */
    bool traced;        /* devices' speeds change in time (clock/pace.h) */
    bool steady;        /* and compute ops are as long as they say */
    struct wheel *wheel; /* NULL: messages are handed over as they are sent */
    struct local *local; /* local.h; NULL: ranks have one busy lane at a time */
    uint64_t starved_ps; /* the earliest time of a rank that has no op left for now */

    struct seat *seats;
    struct task *tasks;
    uint32_t *queue; /* a ring of ranks that can go on */
    int queue_head, queue_count;

    struct message *messages; /* a pool */
    uint32_t message_count, message_room, spare;

    uint64_t kernel_messages;
    uint64_t passing; /* of the collective that a kernel is at, so far, about */
    int64_t *kernel_memory, *list_memory; /* the arrays of a kernel, kept for the next */
    size_t kernel_room, list_room;

    const char *lost; /* why the results are not exact; NULL: they are */
};

const char *dataflow_refuses(const struct resolver_run *run);

enum dataflow_way {
    BY_ASKING,  /* messages are handed over as they are sent */
    BY_WINDOWS, /* arrivals are put in order by time windows */
    BY_LANES    /* the same, and each rank goes through its own events */
};
/* For a clock without groups or streams yet. */
struct dataflow *dataflow_create(struct clock *clock, enum dataflow_way way, bool kernels);
void dataflow_free(struct dataflow *flow);
/* Tells of a group of the clock. */
void dataflow_add_group(struct dataflow *flow, struct group *group);
/* Whether the rank waits for nothing, so that dataflow_take may have its next op; else that belongs into
 * its stream. So a rank that is ready has an empty stream. */
static inline bool dataflow_takes(struct dataflow *flow, int rank)
{
    if (flow->local)
        return false;
    struct task *task = &flow->tasks[rank];
    if (!((task->phase >> 1) | task->queued | task->streamed) && !flow->lost)
        return true;
    task->streamed = true;
    return false;
}
void dataflow_take(struct dataflow *flow, int rank, const struct op *op);
/* Likewise, and the rank has nothing posted that it is to wait for. */
static inline bool dataflow_is_ready(const struct dataflow *flow, int rank)
{
    if (flow->local)
        return false;
    const struct task *task = &flow->tasks[rank];
    return !(task->phase | task->queued | task->streamed) && !flow->lost;
}
/* An op of the compute lane, at a speed that does not change. */
static inline void dataflow_compute_for(struct dataflow *flow, int rank, uint64_t duration_ps)
{
    struct seat *seat = &flow->seats[rank];
    struct rank_record *record = &flow->clock->books[rank].record;
    uint64_t began = seat->now_ps, begin = later(began, seat->cpu_free_ps);
    uint64_t sending_until = flow->tasks[rank].sending_until_ps;
    seat->now_ps = begin + duration_ps;
    record->exposed_comm_ps += begin - began;
    record->compute_ps += duration_ps;
    if (sending_until > began)
        record->overlapped_comm_ps +=
            (sending_until < begin + duration_ps ? sending_until : begin + duration_ps) - began;
}

/* As clock_resolve, by whoever holds the clock's lock. */
void dataflow_resolve(struct dataflow *flow);
/* All streams have ended: completes the records. */
void dataflow_finish(struct dataflow *flow);
/* Who waits for whom. */
void dataflow_report(const struct dataflow *flow, FILE *stream);

void dataflow_lose(struct dataflow *flow, const char *why);

/* Lets a rank go on that is not queued. */
void dataflow_run(struct dataflow *flow, int rank);
/* The rank's turn will come soon. */
static inline void dataflow_foresee(const struct dataflow *flow, uint32_t rank)
{
    __builtin_prefetch(&flow->seats[rank], 1);
    __builtin_prefetch(&flow->tasks[rank], 1);
}
/* Puts the rank among those that can go on. */
static inline void dataflow_push(struct dataflow *flow, int rank)
{
    struct task *task = &flow->tasks[rank];
    if (task->queued)
        return;
    task->queued = true;
    int place = flow->queue_head + flow->queue_count++;
    int room = flow->clock->rank_count;
    flow->queue[place < room ? place : place - room] = (uint32_t)rank;
}

/* step.c */
/* Goes through up to so many steps of the rank's operation, its end being one; returns how many are
 * left, the operation having ended or none, or -1: the rank waits for a message. */
int step_go(struct dataflow *flow, int rank, int steps);
/* A send that nothing waits for yet begins now; returns when it has left. */
uint64_t step_send_alone(struct dataflow *flow, int rank, const struct group *group, int to,
                         uint64_t bytes);
/* A message that a port has served goes to the rank that waits for it, which can go on then: true;
 * or is kept. */
bool step_deliver(struct dataflow *flow, const struct message *message);
/* How long the rank takes to add that many bytes up, at a speed that does not change. */
uint64_t step_add_ps(struct dataflow *flow, int rank, uint64_t bytes);
/* Where the time of an operation has gone. */
static inline void record_operation(struct rank_record *record, bool pipeline, uint64_t lasted_ps,
                                    uint64_t waiting_ps, uint64_t adding_ps)
{
    *(pipeline ? &record->bubble_ps : &record->waiting_ps) += waiting_ps;
    record->compute_ps += adding_ps;
    record->exposed_comm_ps += lasted_ps - waiting_ps - adding_ps;
}
/* The rank's operation has ended at its present time. */
static inline void operation_end(struct dataflow *flow, int rank)
{
    struct task *task = &flow->tasks[rank];
    record_operation(&flow->clock->books[rank].record, task->group->pipeline,
                     flow->seats[rank].now_ps - task->began_ps, task->waiting_ps, task->adding_ps);
    task->phase = PHASE_READY;
}

/* gathering.c */
void gathering_free(struct group *group);
/* Whether a kernel will resolve the collective that the rank has just begun to wait for. */
bool gathering_join(struct dataflow *flow, int rank);
/* Members of a group that wait for a kernel to resolve what they have posted. */
struct gathering {
    int joined;
    /* What they have posted, and its first round. */
    const struct schedule *schedule;
    struct call call;
    uint64_t unit_bytes;
    struct round first;
};
/* As clock_joins: whether there are any, who wait for such a collective. */
static inline bool gathering_awaits(const struct group *group, const struct schedule *schedule, size_t count)
{
    const struct gathering *gathering = group->gathering;
    return gathering && gathering->joined && gathering->schedule == schedule && gathering->call.count == count;
}
/* All have come. */
void gathering_resolve(struct dataflow *flow, struct group *group);
/* One more, whose group is the task's. */
static inline void gathering_count(struct dataflow *flow, struct task *task)
{
    struct group *group = task->group;
    task->phase = PHASE_GATHERED;
    if (++group->gathering->joined == group->size)
        gathering_resolve(flow, group);
}
/* A rank that is ready joins them. */
static inline void gathering_joined(struct dataflow *flow, int rank, struct group *group, int lane)
{
    struct task *task = &flow->tasks[rank];
    task_slot(task, lane)->posted[LANE_COLLECTIVES]++;
    task->group = group;
    gathering_count(flow, task);
}

/* wheel.c */
/* `window_ps`: at least 1. */
struct wheel *wheel_create(uint64_t window_ps, int ranks);
void wheel_free(struct wheel *wheel);
/* Room for a message that arrives then, for the caller to fill. */
struct message *wheel_put(struct wheel *wheel, uint64_t arrival_ps);
/* Serves the arrivals of the next window; false: there are none, or a starved rank may still send
 * one that comes before. */
bool wheel_turn(struct dataflow *flow);

/* The receive port serves a message: returns when its last byte is there. */
static inline uint64_t port_serve(const struct dataflow *flow, struct seat *seat,
                                  uint64_t arrival_ps, uint64_t stream_ps)
{
    uint64_t begin = arrival_ps > seat->receive_free_ps ? arrival_ps : seat->receive_free_ps;
    seat->receive_free_ps = begin + flow->gap_ps + stream_ps;
    return begin + stream_ps;
}

/* What an addition of that length takes that begins then. */
INLINED uint64_t paced_add_ps(const struct dataflow *flow, int rank, uint64_t begin_ps,
                              uint64_t add_ps)
{
    return flow->traced && add_ps ? pace_add_ps(flow->clock->pace, rank, begin_ps, add_ps) : add_ps;
}

/* Room for so many numbers, of which nothing is known; on whole lines, as wide registers take them. */
static inline int64_t *flow_room(int64_t **memory, size_t *room, size_t count)
{
    if (*room < count) {
        *memory = memory_lines(*memory, 0, count * sizeof **memory);
        *room = count;
    }
    return *memory;
}

static inline uint32_t message_new(struct dataflow *flow)
{
    uint32_t index = flow->spare;
    if (index != NOBODY) {
        flow->spare = flow->messages[index].next;
        return index;
    }
    if (flow->message_count == flow->message_room) {
        flow->message_room = flow->message_room ? 2 * flow->message_room : 64;
        flow->messages =
            memory_resize(flow->messages, flow->message_room * sizeof *flow->messages);
    }
    return flow->message_count++;
}

static inline void message_drop(struct dataflow *flow, uint32_t index)
{
    flow->messages[index].next = flow->spare;
    flow->spare = index;
}

/* What member `to` is to be sent by a rank, into the lane of that kind. */
INLINED struct parcel parcel_to(struct dataflow *flow, int rank, const struct group *group, int kind,
                               int to, uint64_t bytes)
{
    int target = group->members[to];
    struct path path = road_path(&flow->roads, rank, target);
    return (struct parcel){.target = target,
                           .key = message_key(group->lane_bases[to] + kind, rank),
                           .bytes = bytes,
                           .stream_ps = road_stream(&flow->roads, path, bytes),
                           .latency_ps = path.latency_ps};
}

#endif
