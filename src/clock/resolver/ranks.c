#include "local.h"

#include <stdlib.h>
#include <string.h>

/* Steps that a rank takes before another has its turn: enough to have its lines in the cache, few
 * enough that messages which nobody has asked for yet stay few. */
enum { TURN_STEPS = 8, AHEAD = 6 };

static bool devices_are_alike(const struct cluster *cluster)
{
    for (int i = 1; i < cluster->nodes; i++)
        if (cluster->devices[i].speed != cluster->devices[0].speed ||
            cluster->devices[i].add_Bps != cluster->devices[0].add_Bps)
            return false;
    return true;
}

static void seat_ranks(struct dataflow *flow, size_t ranks)
{
    flow->seats = memory_lines(NULL, 0, ranks * sizeof *flow->seats);
    flow->tasks = memory_lines(NULL, 0, ranks * sizeof *flow->tasks);
    flow->queue = memory_zeroed(ranks, sizeof *flow->queue);
    for (size_t rank = 0; rank < ranks; rank++) {
        flow->seats[rank] = (struct seat){.wanted = NOBODY, .first = NOBODY, .last = NOBODY};
        flow->tasks[rank] = (struct task){.phase = PHASE_READY};
    }
}

struct dataflow *dataflow_create(struct clock *clock, enum dataflow_way way, bool kernels)
{
    struct dataflow *flow = memory_zeroed(1, sizeof *flow);
    const struct cluster *cluster = clock->cluster;
    const struct netmodel_ops *netmodel = clock->netmodel->ops;
    flow->clock = clock;
    flow->by_arrival = netmodel->overhead && !cluster->program_order;
    flow->overhead_ps = netmodel->overhead && !cluster->offload ? cluster->overhead_ps : 0;
    flow->gap_ps = netmodel->overhead ? cluster->gap_ps : 0;
    roads_init(&flow->roads, cluster, netmodel->free_of_cost);
    flow->reach_ps = flow->overhead_ps + flow->roads.latency_least_ps;
    /* A lane may begin to send at any time; who waits for a message pays o before it sends another. */
    if (way == BY_LANES)
        flow->wheel = wheel_create(flow->reach_ps, clock->rank_count);
    else if (way == BY_WINDOWS)
        flow->wheel = wheel_create(flow->overhead_ps + flow->reach_ps, clock->rank_count);
    if (way == BY_LANES)
        flow->local = local_create(clock->rank_count);
    flow->traced = pace_has_traces(clock->pace);
    flow->steady = pace_is_steady(clock->pace);
    flow->by_kernels = kernels && !flow->wheel && !flow->traced;
    flow->devices_alike = devices_are_alike(cluster);
    flow->spare = NOBODY;
    if (!flow->local)
        seat_ranks(flow, (size_t)clock->rank_count);
    return flow;
}

/* Those of kernels: no collective is left. */
static void free_arrays(struct dataflow *flow)
{
    free(flow->kernel_memory);
    free(flow->list_memory);
    flow->kernel_memory = flow->list_memory = NULL;
    flow->kernel_room = flow->list_room = 0;
}

void dataflow_free(struct dataflow *flow)
{
    if (!flow)
        return;
    for (int rank = 0; flow->tasks && rank < flow->clock->rank_count; rank++)
        if (flow->tasks[rank].slots != &flow->tasks[rank].only)
            free(flow->tasks[rank].slots);
    wheel_free(flow->wheel);
    local_free(flow->local, flow->clock->rank_count);
    roads_release(&flow->roads);
    free_arrays(flow);
    free(flow->messages);
    free(flow->seats);
    free(flow->tasks);
    free(flow->queue);
    free(flow);
}

static struct slot *add_slot(struct task *task)
{
    size_t count = (size_t)++task->slot_count;
    if (count == 1)
        return task->slots = &task->only;
    if (count == 2) {
        task->slots = memory_resize(NULL, count * sizeof *task->slots);
        task->slots[0] = task->only;
    } else {
        task->slots = memory_resize(task->slots, count * sizeof *task->slots);
    }
    return &task->slots[count - 1];
}

void dataflow_add_group(struct dataflow *flow, struct group *group)
{
    if (flow->local)
        local_add_group(flow, group);
    for (int i = 0; !flow->local && i < group->size; i++)
        *add_slot(&flow->tasks[group->members[i]]) = (struct slot){.group = group};
}

void dataflow_lose(struct dataflow *flow, const char *why)
{
    if (!flow->lost)
        flow->lost = why;
}

/* ---- Ops of the compute lane; false: the rank does not go on. ---- */

static bool compute(struct dataflow *flow, int rank, const struct op *op)
{
    const struct seat *seat = &flow->seats[rank];
    uint64_t duration_ps = op->value;
    if (duration_ps && !flow->steady)
        duration_ps = pace_compute_ps(flow->clock->pace, rank, later(seat->now_ps, seat->cpu_free_ps), duration_ps);
    if (op->value)
        dataflow_compute_for(flow, rank, duration_ps);
    return true;
}

static enum group_lane kind_of(int lane)
{
    return (enum group_lane)((lane - 1) % GROUP_LANES);
}

static bool post_send(struct dataflow *flow, int rank, const struct op *op)
{
    struct task *task = &flow->tasks[rank];
    struct slot *slot = task_slot(task, op->lane);
    uint64_t now = flow->seats[rank].now_ps;
    if (slot->sent_ps > now || (slot->sent_ps == now && now > 0 && !flow->roads.costless)) {
        dataflow_lose(flow, "a send was posted before the one before it had left");
        return false;
    }
    slot->posted[LANE_SENDS]++;
    slot->sent_ps = step_send_alone(flow, rank, slot->group, op->peer, op->value);
    task->sending_until_ps = later(task->sending_until_ps, slot->sent_ps);
    return true;
}

/* A collective or a receive: its wait has to follow. */
static bool post(struct dataflow *flow, int rank, const struct op *op)
{
    struct task *task = &flow->tasks[rank];
    struct slot *slot = task_slot(task, op->lane);
    task->index = (int)++slot->posted[kind_of(op->lane)];
    task->phase = PHASE_POSTED;
    task->lane = (uint8_t)op->lane;
    task->member = op->peer;
    task->pattern = NULL;
    task->group = slot->group;
    if (op->kind != OP_COLLECTIVE) {
        task->schedule = NULL;
        task->unit_bytes = op->value;
        task->root = op->peer;
        return true;
    }
    if (op->schedule->strands) {
        dataflow_lose(flow, "a collective goes in several strands at a time, as torus2d does");
        return false;
    }
    task->schedule = op->schedule;
    task->unit_bytes = op->element_bytes;
    task->root = op->root;
    task->count = op->count;
    return true;
}

static struct pattern *pattern_of(const struct task *task)
{
    struct call call = task_call(task);
    return pattern_take(task->group, task->schedule, &call, task->unit_bytes);
}

static bool begin_operation(struct dataflow *flow, int rank, const struct op *op)
{
    struct task *task = &flow->tasks[rank];
    if (op->kind != OP_WAIT || op->lane != task->lane || (uint32_t)op->value != (uint32_t)task->index) {
        dataflow_lose(flow, "a rank kept several lanes busy: it did not wait at once for what it "
                            "had posted");
        return false;
    }
    task->index = 0;
    task->began_ps = flow->seats[rank].now_ps;
    task->waiting_ps = task->adding_ps = 0;
    task->phase = PHASE_STEP;
    if (gathering_join(flow, rank))
        return false;
    if (task->schedule)
        task->pattern = pattern_of(task);
    return true;
}

/* For a send; whatever else has been posted has ended. */
static bool wait_for(struct dataflow *flow, int rank, const struct op *op)
{
    struct seat *seat = &flow->seats[rank];
    struct slot *slot = task_slot(&flow->tasks[rank], op->lane);
    if (kind_of(op->lane) != LANE_SENDS || (uint32_t)op->value != slot->posted[LANE_SENDS])
        return true;
    if (slot->sent_ps > seat->now_ps) {
        flow->clock->books[rank].record.exposed_comm_ps += slot->sent_ps - seat->now_ps;
        seat->now_ps = slot->sent_ps;
    }
    slot->sent_ps = 0;
    return true;
}

static bool mark(struct dataflow *flow, int rank, const struct op *op)
{
    (void)op;
    struct task *task = &flow->tasks[rank];
    clock_mark(flow->clock, task->marks++, flow->seats[rank].now_ps, task->bytes);
    return true;
}

static bool end(struct dataflow *flow, int rank, const struct op *op)
{
    (void)op;
    flow->clock->edges[rank].ended_ps = flow->seats[rank].now_ps;
    flow->clock->ended_count++;
    flow->tasks[rank].phase = PHASE_ENDED;
    return false;
}

/* What ranks do in dataflow that are ready; graphs and questions they are refused for. */
static bool (*const takers[])(struct dataflow *flow, int rank, const struct op *op) = {
    [OP_COMPUTE] = compute, [OP_SEND] = post_send, [OP_RECV] = post, [OP_COLLECTIVE] = post,
    [OP_WAIT] = wait_for,       [OP_MARK] = mark,      [OP_END] = end};

static bool take_op(struct dataflow *flow, int rank, const struct op *op)
{
    if (flow->tasks[rank].phase == PHASE_POSTED)
        return begin_operation(flow, rank, op);
    return takers[op->kind](flow, rank, op);
}

void dataflow_take(struct dataflow *flow, int rank, const struct op *op)
{
    if (flow->tasks[rank].phase != PHASE_POSTED)
        takers[op->kind](flow, rank, op);
    else if (begin_operation(flow, rank, op))
        dataflow_push(flow, rank);
}

static bool takes_ops(const struct task *task)
{
    return task->phase == PHASE_READY || task->phase == PHASE_POSTED;
}

static void note_starved(struct dataflow *flow, int rank)
{
    uint64_t now = flow->seats[rank].now_ps;
    if (now < flow->starved_ps)
        flow->starved_ps = now;
}

/* Takes ops until an operation has to be waited for; false: the rank does not go on. */
static bool take_ops(struct dataflow *flow, int rank)
{
    struct task *task = &flow->tasks[rank];
    struct op op;
    while (takes_ops(task)) {
        if (!task->streamed || !op_stream_take(flow->clock->books[rank].stream, &op, flow->clock->calls)) {
            task->streamed = false;
            note_starved(flow, rank);
            return false;
        }
        if (!take_op(flow, rank, &op) || flow->lost)
            return false;
    }
    return true;
}

void dataflow_run(struct dataflow *flow, int rank)
{
    for (int steps = TURN_STEPS; steps;) {
        if (takes_ops(&flow->tasks[rank]) && !take_ops(flow, rank))
            return;
        steps = step_go(flow, rank, steps);
        if (steps < 0)
            return;
    }
    dataflow_push(flow, rank);
}

static int at_of(const struct dataflow *flow, int ahead)
{
    int place = flow->queue_head + ahead;
    return place < flow->clock->rank_count ? place : place - flow->clock->rank_count;
}

static void run_queue(struct dataflow *flow)
{
    while (flow->queue_count && !flow->lost) {
        int rank = (int)flow->queue[flow->queue_head];
        if (flow->queue_count > AHEAD)
            dataflow_foresee(flow, flow->queue[at_of(flow, AHEAD)]);
        flow->queue_head = flow->queue_head + 1 == flow->clock->rank_count ? 0 : flow->queue_head + 1;
        flow->queue_count--;
        flow->tasks[rank].queued = false;
        dataflow_run(flow, rank);
        clock_goes_on(flow->clock, TURN_STEPS); /* to stop is to be lost */
    }
}

void dataflow_resolve(struct dataflow *flow)
{
    if (flow->local) {
        local_resolve(flow);
        return;
    }
    flow->starved_ps = TIME_NEVER;
    for (int rank = 0; flow->wheel && rank < flow->clock->rank_count; rank++)
        if (takes_ops(&flow->tasks[rank]) && !flow->tasks[rank].queued)
            note_starved(flow, rank);
    do
        run_queue(flow);
    while (flow->wheel && !flow->lost && wheel_turn(flow));
}

/* Messages that nobody asked for would still have taken their port under order of arrival. */
static void check_unread(struct dataflow *flow)
{
    if (!flow->by_arrival || flow->wheel)
        return;
    for (int rank = 0; rank < flow->clock->rank_count; rank++)
        if (flow->seats[rank].first != NOBODY)
            dataflow_lose(flow, "a message was never received");
}

void dataflow_finish(struct dataflow *flow)
{
    free_arrays(flow);
    if (flow->local) {
        local_finish(flow);
        return;
    }
    for (int rank = 0; rank < flow->clock->rank_count; rank++) {
        struct task *task = &flow->tasks[rank];
        struct rank_record *record = &flow->clock->books[rank].record;
        record->bytes_sent += task->bytes;
        record->messages_sent += task->messages;
        flow->clock->messages += task->messages;
        task->bytes = task->messages = 0;
    }
    check_unread(flow);
}

void dataflow_report(const struct dataflow *flow, FILE *stream)
{
    for (int rank = 0; flow->seats && rank < flow->clock->rank_count; rank++) {
        uint32_t wanted = flow->seats[rank].wanted;
        if (wanted != NOBODY)
            fprintf(stream, "rank %d waits in %s for rank %u, which has not begun to send\n", rank,
                    flow->tasks[rank].schedule ? "a collective" : "a receive",
                    wanted & (OP_PEERS_MOST - 1));
        else if (flow->tasks[rank].phase == PHASE_GATHERED)
            fprintf(stream, "rank %d waits in a collective for a member that has not posted it\n",
                    rank);
    }
}
