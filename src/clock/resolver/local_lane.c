/* A lane's life at one rank, as in ../lane.c and ../protocol.c (eager, without (n-1)O). */
#include "local.h"

#include <stdlib.h>

struct local_lane *local_lane(struct dataflow *flow, int rank, int lane)
{
    struct local_rank *self = &flow->local->ranks[rank];
    if (!self->lanes[lane]) {
        self->lanes[lane] = memory_zeroed(1, sizeof *self->lanes[lane]);
        self->lanes[lane]->group = flow->tasks[rank].slots[(lane - 1) / GROUP_LANES].group;
        self->lanes[lane]->kind = (enum group_lane)((lane - 1) % GROUP_LANES);
    }
    return self->lanes[lane];
}

/* ---- The processor. ---- */

static void schedule(struct local_rank *self, uint64_t time_ps, enum local_event kind, uint32_t what)
{
    agenda_put(&self->processor, (struct happening){.time_ps = time_ps,
                                                    .sequence = self->sequence++,
                                                    .what = what,
                                                    .kind = kind});
}

/* Pays o, and returns when; a compute op at work is put off by as much. */
static uint64_t work(const struct dataflow *flow, struct local_rank *self, enum local_event kind,
                 uint32_t lane)
{
    local_account(self);
    self->cpu_free_ps = later(self->now_ps, self->cpu_free_ps) + flow->overhead_ps;
    if (self->state == COMPUTE_BUSY) {
        self->busy_until_ps += flow->overhead_ps;
        self->stolen_ps += flow->overhead_ps;
    }
    schedule(self, self->cpu_free_ps, kind, lane);
    return self->cpu_free_ps;
}

/* ---- Sending. ---- */

static void hand_over(struct local_rank *self, uint32_t lane)
{
    *vector_push(&self->handed, &self->handed_count, &self->handed_room) = lane;
}

/* The processor and the port serve in order of beginning, so it is known at once when the message
 * leaves and arrives: at least o + L from now. */
static void begin_send(struct dataflow *flow, int rank, struct local_lane *lane, uint32_t number)
{
    struct local_rank *self = &flow->local->ranks[rank];
    const struct parcel *parcel = &lane->parcel;
    lane->sequence = self->sequence++;
    self->bytes += parcel->bytes;
    self->messages++;
    uint64_t paid = self->now_ps;
    if (flow->overhead_ps)
        paid = work(flow, self, LOCAL_SEND_PAID, number);
    else
        hand_over(self, number);
    uint64_t begin = later(paid, self->send_free_ps), arrival = begin + parcel->latency_ps;
    self->send_free_ps = begin + flow->gap_ps + parcel->stream_ps;
    lane->sent_ps = begin + parcel->stream_ps;
    *wheel_put(flow->wheel, arrival) = (struct message){.begun_ps = self->now_ps,
                                                        .arrival_ps = arrival,
                                                        .stream_ps = parcel->stream_ps,
                                                        .key = parcel->key,
                                                        .receiver = (uint32_t)parcel->target,
                                                        .size = (uint32_t)parcel->bytes,
                                                        .sequence = lane->sequence};
}

void local_start(struct dataflow *flow, int rank)
{
    struct local_rank *self = &flow->local->ranks[rank];
    for (int i = 0; i < self->handed_count; i++) {
        const struct local_lane *lane = self->lanes[self->handed[i]];
        agenda_put(&self->ports, (struct happening){.time_ps = lane->sent_ps,
                                                    .source = (uint32_t)rank,
                                                    .sequence = lane->sequence,
                                                    .what = self->handed[i],
                                                    .kind = LOCAL_SENT});
    }
    self->handed_count = 0;
}

/* ---- Receiving. ---- */

static void serve(struct dataflow *flow, struct local_rank *self, uint32_t index)
{
    struct message *message = &flow->messages[index];
    uint64_t begin = later(message->arrival_ps, self->receive_free_ps);
    self->receive_free_ps = begin + flow->gap_ps + message->stream_ps;
    agenda_put(&self->ports,
               (struct happening){.time_ps = later(self->now_ps, begin + message->stream_ps),
                                  .source = message->key & (OP_PEERS_MOST - 1),
                                  .sequence = message->sequence,
                                  .what = index,
                                  .kind = LOCAL_DELIVERED});
}

static void match(struct dataflow *flow, struct local_lane *lane, uint32_t index)
{
    lane->matched = true;
    lane->message = index;
    if (flow->messages[index].size != lane->size)
        dataflow_lose(flow, "a message is not of the size that its receiver asks for");
}

static uint32_t take_kept(struct dataflow *flow, struct local_rank *self, uint32_t key)
{
    uint32_t before = NOBODY;
    for (uint32_t i = self->first; i != NOBODY; before = i, i = flow->messages[i].next) {
        if (flow->messages[i].key != key)
            continue;
        uint32_t next = flow->messages[i].next;
        *(before == NOBODY ? &self->first : &flow->messages[before].next) = next;
        if (next == NOBODY)
            self->last = before;
        return i;
    }
    return NOBODY;
}

static void keep(struct dataflow *flow, struct local_rank *self, uint32_t index)
{
    flow->messages[index].next = NOBODY;
    *(self->first == NOBODY ? &self->first : &flow->messages[self->last].next) = index;
    self->last = index;
}

static void begin_adding(const struct dataflow *flow, struct local_rank *self,
                         struct local_lane *lane, uint32_t number)
{
    int rank = (int)(self - flow->local->ranks);
    uint64_t adding_ps = paced_add_ps(flow, rank, self->now_ps, lane->add_ps);
    if (adding_ps == 0)
        return;
    lane->adding = true;
    schedule(self, self->now_ps + adding_ps, LOCAL_ADDED, number);
}

static void message_here(struct dataflow *flow, struct local_rank *self, struct local_lane *lane,
                         uint32_t number)
{
    message_drop(flow, lane->message);
    lane->matched = lane->receiving = false;
    begin_adding(flow, self, lane, number);
}

/* The message has been delivered to the lane that waits for it. */
static void take_in(struct dataflow *flow, struct local_rank *self, struct local_lane *lane,
                    uint32_t number)
{
    if (flow->overhead_ps)
        work(flow, self, LOCAL_RECEIVE_PAID, number);
    else
        message_here(flow, self, lane, number);
}

static void arrived(struct dataflow *flow, struct local_rank *self, uint32_t index)
{
    const struct message *message = &flow->messages[index];
    struct local_lane *lane = self->lanes[message->key >> 20];
    bool wanted = lane && lane->receiving && !lane->matched && lane->wanted == message->key;
    if (wanted) {
        local_account(self);
        local_account_match(self, lane, message->begun_ps);
        match(flow, lane, index);
    } else {
        keep(flow, self, index);
    }
    if (wanted || flow->by_arrival)
        serve(flow, self, index);
}

/* ---- Steps and operations. ---- */

static void begin_receive(struct dataflow *flow, struct local_rank *self, struct local_lane *lane,
                          uint32_t number)
{
    uint32_t kept = take_kept(flow, self, lane->wanted);
    lane->since_ps = self->now_ps;
    if (kept == NOBODY) {
        self->unmatched++;
        return;
    }
    match(flow, lane, kept);
    if (!flow->by_arrival)
        serve(flow, self, kept);
    else if (flow->messages[kept].delivered)
        take_in(flow, self, lane, number);
}

static void begin_step(struct dataflow *flow, int rank, struct local_lane *lane, uint32_t number)
{
    struct local_rank *self = &flow->local->ranks[rank];
    bool receives = lane->receiving;
    if (lane->sending)
        begin_send(flow, rank, lane, number);
    else if (!receives)
        begin_adding(flow, self, lane, number);
    if (receives)
        begin_receive(flow, self, lane, number);
}

static bool load_message(struct dataflow *flow, int rank, struct local_lane *lane)
{
    const struct item *item = &lane->item;
    bool sends = lane->kind == LANE_SENDS;
    if (lane->index++)
        return false;
    lane->sending = sends;
    lane->receiving = !sends;
    lane->add_ps = 0;
    lane->size = (uint32_t)item->unit_bytes;
    if (sends)
        lane->parcel =
            parcel_to(flow, rank, lane->group, LANE_RECEIVES, item->peer, item->unit_bytes);
    return true;
}

/* The lane's next step, from its schedule; false: it has ended. */
static bool load_any(struct dataflow *flow, int rank, struct local_lane *lane)
{
    struct step step;
    const struct item *item = &lane->item;
    if (!item->schedule->step(&item->call, lane->index++, &step))
        return false;
    uint64_t coming = step.recv.count * item->unit_bytes;
    lane->sending = step.send_to >= 0;
    lane->receiving = step.recv_from >= 0;
    if (lane->sending)
        lane->parcel = parcel_to(flow, rank, lane->group, LANE_COLLECTIVES, step.send_to,
                                 step.send.count * item->unit_bytes);
    lane->item.peer = step.recv_from;
    lane->size = (uint32_t)coming;
    lane->add_ps = step.reduce && (lane->receiving || !lane->sending)
                       ? step_add_ps(flow, rank, coming)
                       : 0;
    return true;
}

static bool load_round(struct dataflow *flow, int rank, struct local_lane *lane)
{
    struct known_round *known = &lane->pattern->rounds[(unsigned)lane->index & lane->pattern->mask];
    if (known->index != lane->index && !pattern_learn(flow, lane->pattern, lane->index, known)) {
        lane->pattern->users--;
        return false;
    }
    if (!known->even)
        return load_any(flow, rank, lane);
    int to;
    pair_of(&known->round, lane->group->size, lane->item.call.rank, &to, &lane->item.peer);
    lane->index++;
    lane->sending = lane->receiving = true;
    lane->parcel = parcel_to(flow, rank, lane->group, LANE_COLLECTIVES, to, known->bytes);
    lane->size = (uint32_t)known->bytes;
    lane->add_ps = !known->round.reduce  ? 0
                   : flow->devices_alike ? known->add_ps
                                         : step_add_ps(flow, rank, known->bytes);
    return true;
}

static bool load_step(struct dataflow *flow, int rank, struct local_lane *lane, uint32_t number)
{
    bool more = lane->pattern          ? load_round(flow, rank, lane)
                : lane->item.schedule ? load_any(flow, rank, lane)
                                      : load_message(flow, rank, lane);
    if (more && lane->receiving)
        lane->wanted = message_key((int)number, lane->group->members[lane->item.peer]);
    return more;
}

static bool begin_item(struct local_lane *lane)
{
    if (lane->count == 0)
        return false;
    lane->item = lane->queue[lane->head];
    lane->head = (lane->head + 1) % lane->room;
    lane->count--;
    lane->busy = true;
    lane->index = 0;
    lane->pattern = lane->item.schedule ? pattern_take(lane->group, lane->item.schedule,
                                                       &lane->item.call, lane->item.unit_bytes)
                                        : NULL;
    return true;
}

static void end_item(struct local_rank *self, struct local_lane *lane, uint32_t number)
{
    lane->busy = false;
    lane->ended++;
    if (self->state == COMPUTE_BLOCKED && self->wait_lane == (int)number &&
        lane->ended == self->wait_count)
        self->state = COMPUTE_IDLE;
}

/* Goes on until something has to be waited for or the lane is empty. */
static void run(struct dataflow *flow, int rank, struct local_lane *lane, uint32_t number)
{
    struct local_rank *self = &flow->local->ranks[rank];
    while (!lane->sending && !lane->receiving && !lane->adding) {
        if (!lane->busy && !begin_item(lane))
            return;
        if (load_step(flow, rank, lane, number))
            begin_step(flow, rank, lane, number);
        else
            end_item(self, lane, number);
    }
}

void local_post(struct dataflow *flow, int rank, int number, struct item item)
{
    struct local_lane *lane = local_lane(flow, rank, number);
    if (lane->count == lane->room) {
        int room = lane->room ? 2 * lane->room : 2;
        struct item *queue = memory_zeroed((size_t)room, sizeof *queue);
        for (int i = 0; i < lane->count; i++)
            queue[i] = lane->queue[(lane->head + i) % lane->room];
        free(lane->queue);
        lane->queue = queue;
        lane->head = 0;
        lane->room = room;
    }
    lane->queue[(lane->head + lane->count++) % lane->room] = item;
    local_account(&flow->local->ranks[rank]);
    run(flow, rank, lane, (uint32_t)number);
}

static void delivered(struct dataflow *flow, int rank, struct local_rank *self, uint32_t index)
{
    struct message *message = &flow->messages[index];
    uint32_t number = message->key >> 20;
    struct local_lane *lane = self->lanes[number];
    message->delivered = true;
    local_account(self);
    if (!lane || !lane->matched || lane->message != index)
        return;
    take_in(flow, self, lane, number);
    run(flow, rank, lane, number);
}

void local_handle(struct dataflow *flow, int rank, struct happening happening)
{
    struct local_rank *self = &flow->local->ranks[rank];
    if (happening.kind == LOCAL_ARRIVED) {
        arrived(flow, self, happening.what);
        return;
    }
    if (happening.kind == LOCAL_DELIVERED) {
        delivered(flow, rank, self, happening.what);
        return;
    }
    struct local_lane *lane = self->lanes[happening.what];
    local_account(self);
    if (happening.kind == LOCAL_SEND_PAID) {
        hand_over(self, happening.what);
        return;
    }
    if (happening.kind == LOCAL_RECEIVE_PAID)
        message_here(flow, self, lane, happening.what);
    else if (happening.kind == LOCAL_ADDED)
        lane->adding = false;
    else
        lane->sending = false;
    run(flow, rank, lane, happening.what);
}
