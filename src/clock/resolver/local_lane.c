/* A lane's life at one rank, as in ../lane.c and ../protocol.c (eager, without (n-1)O). */
#include "local.h"

#include <stdlib.h>

/* ---- Lanes are there while they are busy: of a hundred thousand ranks' lanes most are not. ---- */

static void make_lanes(struct local *local)
{
    uint32_t first = (uint32_t)local->block_count * LANES_A_BLOCK + 1;
    struct local_lane *block = memory_zeroed(LANES_A_BLOCK, sizeof *block);
    *vector_push(&local->blocks, &local->block_count, &local->block_room) = block;
    for (uint32_t i = 0; i < LANES_A_BLOCK; i++) {
        block[i].message = local->spare;
        local->spare = first + i;
    }
}

void local_lanes_free(struct local *local)
{
    for (int i = 0; i < local->block_count; i++) {
        for (int lane = 0; lane < LANES_A_BLOCK; lane++)
            free(local->blocks[i][lane].queue);
        free(local->blocks[i]);
    }
    free(local->blocks);
}

static struct local_lane *make_busy(struct local *local, struct local_rank *self, uint32_t number)
{
    if (!local->spare)
        make_lanes(local);
    local_place(self, number)->lane = local->spare;
    struct local_lane *lane = local_lane(local, self, number);
    local->spare = lane->message;
    *lane = (struct local_lane){.group = self->slots[(number - 1) / GROUP_LANES].group,
                                .kind = (uint8_t)((number - 1) % GROUP_LANES),
                                .number = (uint8_t)number,
                                .queue = lane->queue,
                                .room = lane->room};
    self->busy++;
    return lane;
}

static void rest(struct local *local, struct local_rank *self, struct local_lane *lane)
{
    struct local_place *place = local_place(self, lane->number);
    lane->message = local->spare;
    local->spare = place->lane;
    place->lane = 0;
    self->busy--;
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
    local_account(flow, self);
    self->cpu_free_ps = later(self->now_ps, self->cpu_free_ps) + flow->overhead_ps;
    if (self->state == COMPUTE_BUSY) {
        self->busy_until_ps += flow->overhead_ps;
        self->stolen_ps += flow->overhead_ps;
    }
    schedule(self, self->cpu_free_ps, kind, lane);
    return self->cpu_free_ps;
}

/* ---- Sending. ---- */

static void hand_over(const struct local *local, struct local_rank *self, struct local_lane *lane)
{
    lane->next_handed = 0;
    *(self->first_handed ? &local_lane(local, self, self->last_handed)->next_handed
                         : &self->first_handed) = lane->number;
    self->last_handed = lane->number;
}

/* The processor and the port serve in order of beginning, so it is known at once when the message
 * leaves and arrives: at least o + L from now. */
static void begin_send(struct dataflow *flow, int rank, struct local_lane *lane,
                       const struct parcel *parcel)
{
    struct local_rank *self = &flow->local->ranks[rank];
    struct rank_record *record = &flow->clock->books[rank].record;
    lane->sequence = self->sequence++;
    record->bytes_sent += parcel->bytes;
    record->messages_sent++;
    uint64_t paid = self->now_ps;
    if (flow->overhead_ps)
        paid = work(flow, self, LOCAL_SEND_PAID, lane->number);
    else
        hand_over(flow->local, self, lane);
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
    struct local *local = flow->local;
    struct local_rank *self = &local->ranks[rank];
    const struct local_lane *lane;
    for (uint32_t number = self->first_handed; number; number = lane->next_handed) {
        lane = local_lane(local, self, number);
        agenda_put(&self->ports, (struct happening){.time_ps = lane->sent_ps,
                                                    .source = (uint32_t)rank,
                                                    .sequence = lane->sequence,
                                                    .what = number,
                                                    .kind = LOCAL_SENT});
    }
    self->first_handed = 0;
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
                         struct local_lane *lane)
{
    int rank = (int)(self - flow->local->ranks);
    uint64_t adding_ps = paced_add_ps(flow, rank, self->now_ps, lane->add_ps);
    if (adding_ps == 0)
        return;
    lane->adding = true;
    schedule(self, self->now_ps + adding_ps, LOCAL_ADDED, lane->number);
}

static void message_here(struct dataflow *flow, struct local_rank *self, struct local_lane *lane)
{
    message_drop(flow, lane->message);
    lane->matched = lane->receiving = false;
    begin_adding(flow, self, lane);
}

/* The message has been delivered to the lane that waits for it. */
static void take_in(struct dataflow *flow, struct local_rank *self, struct local_lane *lane)
{
    if (flow->overhead_ps)
        work(flow, self, LOCAL_RECEIVE_PAID, lane->number);
    else
        message_here(flow, self, lane);
}

static void arrived(struct dataflow *flow, struct local_rank *self, uint32_t index)
{
    const struct message *message = &flow->messages[index];
    struct local_lane *lane = local_lane(flow->local, self, message->key >> 20);
    bool wanted = lane && lane->receiving && !lane->matched && lane->wanted == message->key;
    if (wanted) {
        local_account(flow, self);
        local_account_match(flow, self, lane, message->begun_ps);
        match(flow, lane, index);
    } else {
        keep(flow, self, index);
    }
    if (wanted || flow->by_arrival)
        serve(flow, self, index);
}

/* ---- Steps and operations. ---- */

static void begin_receive(struct dataflow *flow, struct local_rank *self, struct local_lane *lane)
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
        take_in(flow, self, lane);
}

/* What it sends is in the parcel. */
static void begin_step(struct dataflow *flow, int rank, struct local_lane *lane,
                       const struct parcel *parcel)
{
    struct local_rank *self = &flow->local->ranks[rank];
    bool receives = lane->receiving;
    if (lane->sending)
        begin_send(flow, rank, lane, parcel);
    else if (!receives)
        begin_adding(flow, self, lane);
    if (receives)
        begin_receive(flow, self, lane);
}

static bool load_message(struct dataflow *flow, int rank, struct local_lane *lane,
                         struct parcel *parcel)
{
    const struct local_item *item = &lane->item;
    bool sends = lane->kind == LANE_SENDS;
    if (lane->index++)
        return false;
    lane->sending = sends;
    lane->receiving = !sends;
    lane->add_ps = 0;
    lane->size = (uint32_t)item->unit_bytes;
    lane->from = item->member;
    if (sends)
        *parcel = parcel_to(flow, rank, lane->group, LANE_RECEIVES, item->member, item->unit_bytes);
    return true;
}

static struct call item_call(const struct local_lane *lane)
{
    return (struct call){.size = lane->group->size,
                         .rank = lane->item.member,
                         .root = lane->item.root,
                         .count = lane->item.count,
                         .context = lane->item.schedule->context};
}

/* The lane's next step, from its schedule; false: it has ended. */
static bool load_any(struct dataflow *flow, int rank, struct local_lane *lane,
                     struct parcel *parcel)
{
    struct step step;
    const struct local_item *item = &lane->item;
    struct call call = item_call(lane);
    if (!item->schedule->step(&call, lane->index++, &step))
        return false;
    uint64_t coming = step.recv.count * item->unit_bytes;
    lane->sending = step.send_to >= 0;
    lane->receiving = step.recv_from >= 0;
    if (lane->sending)
        *parcel = parcel_to(flow, rank, lane->group, LANE_COLLECTIVES, step.send_to,
                            step.send.count * item->unit_bytes);
    lane->from = step.recv_from;
    lane->size = (uint32_t)coming;
    lane->add_ps = step.reduce && (lane->receiving || !lane->sending)
                       ? step_add_ps(flow, rank, coming)
                       : 0;
    return true;
}

static bool load_round(struct dataflow *flow, int rank, struct local_lane *lane,
                       struct parcel *parcel)
{
    struct known_round *known = &lane->pattern->rounds[(unsigned)lane->index & lane->pattern->mask];
    if (known->index != lane->index && !pattern_learn(flow, lane->group, lane->pattern, lane->index, known)) {
        lane->pattern->users--;
        return false;
    }
    if (!known->even)
        return load_any(flow, rank, lane, parcel);
    int to;
    pair_of(&known->round, lane->group->size, lane->item.member, &to, &lane->from);
    lane->index++;
    lane->sending = lane->receiving = true;
    *parcel = parcel_to(flow, rank, lane->group, LANE_COLLECTIVES, to, known->bytes);
    lane->size = (uint32_t)known->bytes;
    lane->add_ps = !known->round.reduce  ? 0
                   : flow->devices_alike ? known->add_ps
                                         : step_add_ps(flow, rank, known->bytes);
    return true;
}

static bool load_step(struct dataflow *flow, int rank, struct local_lane *lane,
                      struct parcel *parcel)
{
    bool more = lane->pattern         ? load_round(flow, rank, lane, parcel)
                : lane->item.schedule ? load_any(flow, rank, lane, parcel)
                                      : load_message(flow, rank, lane, parcel);
    if (more && lane->receiving)
        lane->wanted = message_key(lane->number, lane->group->members[lane->from]);
    return more;
}

static void begin_item(struct local_lane *lane, struct local_item item)
{
    lane->item = item;
    lane->index = 0;
    lane->pattern = NULL;
    if (!item.schedule)
        return;
    struct call call = item_call(lane);
    lane->pattern = pattern_take(lane->group, item.schedule, &call, item.unit_bytes);
}

/* Returns whether another one follows. */
static bool end_item(struct local_rank *self, struct local_lane *lane)
{
    uint32_t ended = ++local_place(self, lane->number)->ended;
    if (self->state == COMPUTE_BLOCKED && self->wait_lane == lane->number &&
        ended == self->wait_count)
        self->state = COMPUTE_IDLE;
    if (lane->count == 0)
        return false;
    begin_item(lane, lane->queue[lane->head]);
    lane->head = (lane->head + 1) % lane->room;
    lane->count--;
    return true;
}

/* Goes on until something has to be waited for or the lane has nothing more to do. */
static void run(struct dataflow *flow, int rank, struct local_lane *lane)
{
    struct local_rank *self = &flow->local->ranks[rank];
    struct parcel parcel;
    while (!lane->sending && !lane->receiving && !lane->adding) {
        if (load_step(flow, rank, lane, &parcel)) {
            begin_step(flow, rank, lane, &parcel);
        } else if (!end_item(self, lane)) {
            rest(flow->local, self, lane);
            return;
        }
    }
}

static void enqueue(struct local_lane *lane, struct local_item item)
{
    if (lane->count == lane->room) {
        int room = lane->room ? 2 * lane->room : 1;
        struct local_item *queue = memory_zeroed((size_t)room, sizeof *queue);
        for (int i = 0; i < lane->count; i++)
            queue[i] = lane->queue[(lane->head + i) % lane->room];
        free(lane->queue);
        lane->queue = queue;
        lane->head = 0;
        lane->room = room;
    }
    lane->queue[(lane->head + lane->count++) % lane->room] = item;
}

void local_post(struct dataflow *flow, int rank, uint32_t number, struct local_item item)
{
    struct local_rank *self = &flow->local->ranks[rank];
    struct local_lane *lane = local_lane(flow->local, self, number);
    local_account(flow, self);
    if (lane) {
        enqueue(lane, item);
        return;
    }
    lane = make_busy(flow->local, self, number);
    begin_item(lane, item);
    run(flow, rank, lane);
}

static void delivered(struct dataflow *flow, int rank, struct local_rank *self, uint32_t index)
{
    struct message *message = &flow->messages[index];
    struct local_lane *lane = local_lane(flow->local, self, message->key >> 20);
    message->delivered = true;
    local_account(flow, self);
    if (!lane || !lane->matched || lane->message != index)
        return;
    take_in(flow, self, lane);
    run(flow, rank, lane);
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
    struct local_lane *lane = local_lane(flow->local, self, happening.what);
    local_account(flow, self);
    if (happening.kind == LOCAL_SEND_PAID) {
        hand_over(flow->local, self, lane);
        return;
    }
    if (happening.kind == LOCAL_RECEIVE_PAID)
        message_here(flow, self, lane);
    else if (happening.kind == LOCAL_ADDED)
        lane->adding = false;
    else
        lane->sending = false;
    run(flow, rank, lane);
}
