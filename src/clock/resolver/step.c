/* A step: a send and a receive that begin together, in closed form. LogGP's terms (netmodel/loggp.c,
 * lane.c), t the step's begin:
 *
 *     paid = max(t, cpu) + o          begin = max(paid, send port)        sent = begin + S
 *     first byte there = begin + L    delivered = max(that, receive port) + S
 *     received = max(delivered, t, cpu) + o, then the addition            end = max(sent, received)
 */
#include "pattern.h"

#include "threadrack/clock/cost.h"

uint64_t step_add_ps(struct dataflow *flow, int rank, uint64_t bytes)
{
    const struct device *device = &flow->clock->cluster->devices[rank];
    if (bytes == 0 || device->add_Bps == 0)
        return 0;
    return cost_scaled_ps(device, road_time(&flow->roads, bytes, device->add_Bps));
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

/* When the message's last byte is there. Windows have served it before. */
INLINED uint64_t delivered_ps(struct dataflow *flow, struct seat *seat,
                                    const struct message *message)
{
    if (flow->wheel)
        return message->arrival_ps;
    if (flow->by_arrival)
        check_order(flow, seat, message);
    return port_serve(flow, seat, message->arrival_ps, message->stream_ps);
}

/* Members of a collective have been compared when they posted it. */
static void check_size(struct dataflow *flow, const struct task *task, const struct message *message)
{
    if (!task->schedule && message->size != (uint32_t)task->unit_bytes)
        dataflow_lose(flow, "a message is not of the size that its receiver asks for");
}

/* The message that the rank's step asked for is there, and with it the step's end. */
INLINED void receive(struct dataflow *flow, struct seat *seat, struct task *task,
                           const struct message *message)
{
    uint64_t delivered = delivered_ps(flow, seat, message);
    uint64_t received = later(later(delivered, seat->now_ps), seat->cpu_free_ps) + flow->overhead_ps;
    seat->cpu_free_ps = received;
    if (message->begun_ps > seat->now_ps)
        task->waiting_ps += message->begun_ps - seat->now_ps;
    uint64_t adding = paced_add_ps(flow, (int)(task - flow->tasks), received, task->add_ps);
    task->adding_ps += adding;
    seat->now_ps = later(received + adding, seat->sent_ps);
    seat->wanted = NOBODY;
}

/* Takes the earliest message of that key out of the rank's list; NOBODY when there is none. */
INLINED uint32_t take_kept(struct dataflow *flow, struct seat *seat, uint32_t key)
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

INLINED void keep(struct dataflow *flow, struct seat *seat, uint32_t index)
{
    flow->messages[index].next = NOBODY;
    *(seat->first == NOBODY ? &seat->first : &flow->messages[seat->last].next) = index;
    seat->last = index;
}

/* Hands it straight over where its receiver waits for just this one. */
INLINED bool hand_over(struct dataflow *flow, const struct message *message)
{
    struct seat *seat = &flow->seats[message->receiver];
    if (seat->wanted == message->key) {
        struct task *task = &flow->tasks[message->receiver];
        if (!task->pattern)
            check_size(flow, task, message);
        receive(flow, seat, task, message);
        return true;
    }
    uint32_t index = message_new(flow);
    struct message *kept = &flow->messages[index];
    kept->begun_ps = message->begun_ps;
    kept->arrival_ps = message->arrival_ps;
    kept->stream_ps = message->stream_ps;
    kept->key = message->key;
    kept->size = message->size;
    keep(flow, seat, index);
    return false;
}

bool step_deliver(struct dataflow *flow, const struct message *message)
{
    return hand_over(flow, message);
}

/* Word by word. */
INLINED void write_message(struct message *message, uint64_t begun_ps, uint64_t arrival_ps,
                           struct parcel parcel)
{
    message->begun_ps = begun_ps;
    message->arrival_ps = arrival_ps;
    message->stream_ps = parcel.stream_ps;
    message->key = parcel.key;
    message->receiver = (uint32_t)parcel.target;
    message->size = (uint32_t)parcel.bytes;
}

/* The rank begins to send at its present time; returns when the message has left its port. */
INLINED uint64_t send(struct dataflow *flow, struct seat *seat, struct task *task,
                            struct parcel parcel)
{
    seat->cpu_free_ps = later(seat->now_ps, seat->cpu_free_ps) + flow->overhead_ps;
    uint64_t begin = later(seat->cpu_free_ps, seat->send_free_ps);
    seat->send_free_ps = begin + flow->gap_ps + parcel.stream_ps;
    task->bytes += parcel.bytes;
    task->messages++;
    uint64_t arrival = begin + parcel.latency_ps;
    if (flow->wheel) {
        write_message(wheel_put(flow->wheel, arrival), seat->now_ps, arrival, parcel);
    } else {
        struct message message;
        write_message(&message, seat->now_ps, arrival, parcel);
        if (hand_over(flow, &message))
            dataflow_push(flow, parcel.target);
    }
    return begin + parcel.stream_ps;
}

uint64_t step_send_alone(struct dataflow *flow, int rank, const struct group *group, int to,
                         uint64_t bytes)
{
    return send(flow, &flow->seats[rank], &flow->tasks[rank],
                parcel_to(flow, rank, group, LANE_RECEIVES, to, bytes));
}

/* The step asks for a message: takes it if it is there; false: the rank waits for it. */
INLINED bool ask(struct dataflow *flow, struct seat *seat, struct task *task, uint32_t key)
{
    uint32_t kept = take_kept(flow, seat, key);
    if (kept == NOBODY) {
        seat->wanted = key;
        return false;
    }
    if (!task->pattern)
        check_size(flow, task, &flow->messages[kept]);
    receive(flow, seat, task, &flow->messages[kept]);
    message_drop(flow, kept);
    return true;
}

/* ---- A step as its schedule has it. ---- */

/* What the operation does next: a step of its schedule, or its one receive. */
static bool load_step(struct task *task, struct step *step)
{
    if (!task->schedule) {
        *step = (struct step){.send_to = -1, .recv_from = task->root};
        return task->index++ == 0;
    }
    struct call call = task_call(task);
    return task->schedule->step(&call, task->index++, step);
}

static bool begin_any(struct dataflow *flow, int rank, struct seat *seat, struct task *task)
{
    struct step step;
    if (!load_step(task, &step)) {
        operation_end(flow, rank);
        return true;
    }
    seat->sent_ps = seat->now_ps;
    uint64_t began = seat->now_ps;
    if (step.send_to >= 0)
        seat->sent_ps = send(flow, seat, task,
                             parcel_to(flow, rank, task->group, LANE_COLLECTIVES, step.send_to,
                                       step.send.count * task->unit_bytes));
    bool adds = step.reduce && (step.recv_from >= 0 || step.send_to < 0);
    task->add_ps = adds ? step_add_ps(flow, rank, step.recv.count * task->unit_bytes) : 0;
    if (step.recv_from < 0) {
        uint64_t ends = later(began, seat->sent_ps);
        uint64_t adding = paced_add_ps(flow, rank, ends, task->add_ps);
        task->adding_ps += adding;
        seat->now_ps = ends + adding;
        return true;
    }
    return ask(flow, seat, task, message_key(task->lane, task->group->members[step.recv_from]));
}

/* ---- A step of a pattern. ---- */

/* Whose costs have to be looked up. */
static bool begin_even(struct dataflow *flow, int rank, const struct known_round *known)
{
    struct seat *seat = &flow->seats[rank];
    struct task *task = &flow->tasks[rank];
    int to, from;
    pair_of(&known->round, task->group->size, task->member, &to, &from);
    task->add_ps = known->round.reduce ? step_add_ps(flow, rank, known->bytes) : 0;
    seat->sent_ps =
        send(flow, seat, task,
             parcel_to(flow, rank, task->group, LANE_COLLECTIVES, to, known->bytes));
    return ask(flow, seat, task, message_key(task->lane, task->group->members[from]));
}

INLINED bool begin_plain(struct dataflow *flow, int rank, struct seat *seat, struct task *task,
                         const struct known_round *known)
{
    int to, from;
    pair_of(&known->round, task->group->size, task->member, &to, &from);
    int first = rank - task->member;
    task->add_ps = known->add_ps;
    seat->sent_ps = send(flow, seat, task,
                         (struct parcel){.target = first + to,
                                         .key = message_key(task->lane, rank),
                                         .bytes = known->bytes,
                                         .stream_ps = known->stream_ps,
                                         .latency_ps = flow->roads.path.latency_ps});
    return ask(flow, seat, task, message_key(task->lane, first + from));
}

/* As step_go. */
INLINED int follow(struct dataflow *flow, int rank, struct pattern *pattern, int steps)
{
    struct seat *seat = &flow->seats[rank];
    struct task *task = &flow->tasks[rank];
    for (; steps; steps--) {
        struct known_round *known = &pattern->rounds[(unsigned)task->index & pattern->mask];
        if (known->index != task->index &&
            !pattern_learn(flow, task->group, pattern, task->index, known)) {
            pattern->users--;
            operation_end(flow, rank);
            return steps - 1;
        }
        task->index += known->even; /* else what asks the schedule counts it */
        if (!(known->plain  ? begin_plain(flow, rank, seat, task, known)
              : known->even ? begin_even(flow, rank, known)
                            : begin_any(flow, rank, seat, task)))
            return -1;
    }
    return 0;
}

int step_go(struct dataflow *flow, int rank, int steps)
{
    struct task *task = &flow->tasks[rank];
    if (task->pattern)
        return follow(flow, rank, task->pattern, steps);
    while (steps-- && task->phase == PHASE_STEP)
        if (!begin_any(flow, rank, &flow->seats[rank], task))
            return -1;
    return steps + 1;
}
