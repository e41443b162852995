/* A step: a send and a receive that begin together, in closed form. LogGP's terms (netmodel/loggp.c,
 * lane.c), t the step's begin:
 *
 *     paid = max(t, cpu) + o          begin = max(paid, send port)        sent = begin + S
 *     first byte there = begin + L    delivered = max(that, receive port) + S
 *     received = max(delivered, t, cpu) + o, then the addition            end = max(sent, received)
 */
#include "dataflow.h"

#include "threadrack/clock/cost.h"

static uint64_t add_ps(struct dataflow *flow, int rank, uint64_t begin_ps, uint64_t bytes)
{
    const struct device *device = &flow->clock->cluster->devices[rank];
    if (bytes == 0 || device->add_Bps == 0)
        return 0;
    uint64_t adding_ps = cost_scaled_ps(device, road_time(&flow->roads, bytes, device->add_Bps));
    return pace_add_ps(flow->clock->pace, rank, begin_ps, adding_ps);
}

void dataflow_push(struct dataflow *flow, int rank)
{
    struct task *task = &flow->tasks[rank];
    if (task->queued)
        return;
    task->queued = true;
    int place = flow->queue_head + flow->queue_count++;
    int room = flow->clock->rank_count;
    flow->queue[place < room ? place : place - room] = (uint32_t)rank;
}

/* Under ports that serve in order of arrival, asking in another order is not exact. Equal arrivals
 * go by sender. */
static void check_order(struct dataflow *flow, struct seat *seat, const struct message *message)
{
    uint32_t source = message->key & (OP_PEERS_MOST - 1);
    if (message->arrival_ps < seat->arrived_ps ||
        (message->arrival_ps == seat->arrived_ps && source < seat->arrived_from))
        dataflow_lose(flow, "a receive port was not asked for its messages in order of arrival");
    seat->arrived_ps = message->arrival_ps;
    seat->arrived_from = source;
}

uint64_t port_serve(struct dataflow *flow, struct seat *seat, const struct message *message)
{
    if (flow->by_arrival && !flow->wheel)
        check_order(flow, seat, message);
    uint64_t begin = later(message->arrival_ps, seat->receive_free_ps);
    seat->receive_free_ps = begin + flow->gap_ps + message->stream_ps;
    return begin + message->stream_ps;
}

/* The message that the rank's step asked for is there, and with it the step's end. */
static void receive(struct dataflow *flow, int rank, const struct message *message)
{
    struct seat *seat = &flow->seats[rank];
    struct task *task = &flow->tasks[rank];
    uint64_t delivered =
        message->served ? message->arrival_ps : port_serve(flow, seat, message);
    uint64_t received = later(later(delivered, seat->now_ps), seat->cpu_free_ps) + flow->overhead_ps;
    seat->cpu_free_ps = received;
    if (message->begun_ps > seat->now_ps)
        task->waiting_ps += message->begun_ps - seat->now_ps;
    if (task->add_bytes) {
        uint64_t adding = add_ps(flow, rank, received, task->add_bytes);
        task->adding_ps += adding;
        received += adding;
    }
    seat->now_ps = later(received, seat->sent_ps);
    seat->wanted = NOBODY;
}

/* Takes the earliest message of that key out of the rank's list; NOBODY when there is none. */
static uint32_t take_kept(struct dataflow *flow, struct seat *seat, uint32_t key)
{
    uint32_t before = NOBODY;
    for (uint32_t i = seat->first; i != NOBODY; before = i, i = flow->messages[i].next) {
        if (flow->messages[i].key != key)
            continue;
        uint32_t next = flow->messages[i].next;
        *(before == NOBODY ? &seat->first : &flow->messages[before].next) = next;
        if (next == NOBODY)
            seat->last = before;
        return i;
    }
    return NOBODY;
}

static void keep(struct dataflow *flow, struct seat *seat, const struct message *message)
{
    uint32_t index = message_new(flow);
    flow->messages[index] = *message;
    flow->messages[index].next = NOBODY;
    *(seat->first == NOBODY ? &seat->first : &flow->messages[seat->last].next) = index;
    seat->last = index;
}

void step_deliver(struct dataflow *flow, const struct message *message)
{
    struct seat *seat = &flow->seats[message->receiver];
    if (seat->wanted == message->key) {
        receive(flow, (int)message->receiver, message);
        dataflow_push(flow, (int)message->receiver);
    } else {
        keep(flow, seat, message);
    }
}

/* The rank begins to send at its present time; returns when the message has left its port. */
static uint64_t send(struct dataflow *flow, int rank, const struct group *group, int kind,
                     int to, uint64_t bytes)
{
    struct seat *seat = &flow->seats[rank];
    int target = group->members[to];
    struct path path = road_path(&flow->roads, rank, target);
    uint64_t stream = road_stream(&flow->roads, path, bytes);
    seat->cpu_free_ps = later(seat->now_ps, seat->cpu_free_ps) + flow->overhead_ps;
    uint64_t begin = later(seat->cpu_free_ps, seat->send_free_ps);
    seat->send_free_ps = begin + flow->gap_ps + stream;
    struct message message = {.begun_ps = seat->now_ps,
                              .arrival_ps = begin + path.latency_ps,
                              .stream_ps = stream,
                              .key = message_key(group->lane_bases[to] + kind, rank),
                              .receiver = (uint32_t)target};
    flow->tasks[rank].bytes += bytes;
    flow->tasks[rank].messages++;
    if (flow->wheel)
        wheel_put(flow, &message);
    else
        step_deliver(flow, &message);
    return begin + stream;
}

uint64_t step_send_alone(struct dataflow *flow, int rank, const struct group *group, int to,
                         uint64_t bytes)
{
    return send(flow, rank, group, LANE_RECEIVES, to, bytes);
}

/* What the operation does next: a step of its schedule, or its one receive. */
static bool load_step(struct task *task, struct step *step)
{
    if (task->schedule)
        return task->schedule->step(&task->call, task->index++, step);
    *step = (struct step){.send_to = -1, .recv_from = task->call.root};
    return task->index++ == 0;
}

bool step_begin(struct dataflow *flow, int rank)
{
    struct seat *seat = &flow->seats[rank];
    struct task *task = &flow->tasks[rank];
    struct step step;
    if (!load_step(task, &step)) {
        operation_end(flow, rank);
        return true;
    }
    seat->sent_ps = seat->now_ps;
    uint64_t began = seat->now_ps;
    if (step.send_to >= 0)
        seat->sent_ps = send(flow, rank, task->group, LANE_COLLECTIVES, step.send_to,
                             step.send.count * task->unit_bytes);
    task->add_bytes = step.reduce ? step.recv.count * task->unit_bytes : 0;
    if (step.recv_from < 0) {
        uint64_t ends = later(began, seat->sent_ps);
        uint64_t adding = step.send_to < 0 ? add_ps(flow, rank, ends, task->add_bytes) : 0;
        task->adding_ps += adding;
        seat->now_ps = ends + adding;
        return true;
    }
    seat->wanted = message_key(task->lane, task->group->members[step.recv_from]);
    uint32_t kept = take_kept(flow, seat, seat->wanted);
    if (kept == NOBODY)
        return false;
    receive(flow, rank, &flow->messages[kept]);
    message_drop(flow, kept);
    return true;
}

void operation_end(struct dataflow *flow, int rank)
{
    struct seat *seat = &flow->seats[rank];
    struct task *task = &flow->tasks[rank];
    struct rank_record *record = &flow->clock->ranks[rank].record;
    uint64_t lasted = seat->now_ps - task->began_ps;
    *(task->group->pipeline ? &record->bubble_ps : &record->waiting_ps) += task->waiting_ps;
    record->compute_ps += task->adding_ps;
    record->exposed_comm_ps += lasted - task->waiting_ps - task->adding_ps;
    task->phase = PHASE_READY;
}
