#include "local.h"

#include <stdlib.h>

struct local *local_create(int ranks)
{
    struct local *local = memory_zeroed(1, sizeof *local);
    local->ranks = memory_zeroed((size_t)ranks, sizeof *local->ranks);
    for (int rank = 0; rank < ranks; rank++) {
        local->ranks[rank].first = local->ranks[rank].last = NOBODY;
        local->ranks[rank].woken_ps = TIME_NEVER;
    }
    return local;
}

void local_free(struct local *local, int ranks)
{
    for (int rank = 0; local && rank < ranks; rank++) {
        struct local_rank *self = &local->ranks[rank];
        free(self->slots);
        free(self->processor.items);
        free(self->ports.items);
        free(self->stretches);
    }
    if (!local)
        return;
    local_lanes_free(local);
    free(local->ranks);
    free(local);
}

void local_add_group(struct dataflow *flow, struct group *group)
{
    for (int i = 0; i < group->size; i++) {
        struct local_rank *self = &flow->local->ranks[group->members[i]];
        size_t count = ++self->slot_count;
        self->slots = memory_resize(self->slots, count * sizeof *self->slots);
        self->slots[count - 1] = (struct local_slot){.group = group};
    }
}

/* ---- Agendas. ---- */

static bool comes_before(const struct happening *a, const struct happening *b)
{
    if (a->time_ps != b->time_ps)
        return a->time_ps < b->time_ps;
    if (a->source != b->source)
        return a->source < b->source;
    if (a->sequence != b->sequence)
        return (int32_t)(a->sequence - b->sequence) < 0;
    return a->kind < b->kind;
}

static void make_room(struct agenda *agenda)
{
    if (agenda->head + agenda->count < agenda->room)
        return;
    if (agenda->head) {
        for (int i = 0; i < agenda->count; i++)
            agenda->items[i] = agenda->items[agenda->head + i];
        agenda->head = 0;
        return;
    }
    agenda->room = agenda->room ? 2 * agenda->room : 2;
    agenda->items = memory_resize(agenda->items, (size_t)agenda->room * sizeof *agenda->items);
}

void agenda_put(struct agenda *agenda, struct happening happening)
{
    make_room(agenda);
    struct happening *first = &agenda->items[agenda->head], *place = first + agenda->count++;
    for (; place > first && comes_before(&happening, place - 1); place--)
        place[0] = place[-1];
    *place = happening;
}

struct happening agenda_take(struct agenda *agenda)
{
    struct happening first = agenda->items[agenda->head++];
    if (--agenda->count == 0)
        agenda->head = 0;
    return first;
}

/* ---- What the compute lane does with its next op; false: it does not go on at once. ---- */

static bool compute(struct dataflow *flow, int rank, uint64_t duration_ps)
{
    struct local_rank *self = &flow->local->ranks[rank];
    if (duration_ps == 0)
        return true;
    uint64_t begin = later(self->now_ps, self->cpu_free_ps);
    self->stolen_ps += begin - self->now_ps;
    self->state = COMPUTE_BUSY;
    self->busy_until_ps = begin + pace_compute_ps(flow->clock->pace, rank, begin, duration_ps);
    agenda_put(&self->processor, (struct happening){.time_ps = self->busy_until_ps,
                                                    .sequence = self->sequence++,
                                                    .kind = LOCAL_COMPUTED});
    return false;
}

static bool wait_for(struct dataflow *flow, int rank, const struct op *op)
{
    struct local_rank *self = &flow->local->ranks[rank];
    uint32_t count = (uint32_t)op->value;
    if ((int32_t)(local_place(self, (uint32_t)op->lane)->ended - count) >= 0)
        return true;
    self->state = COMPUTE_BLOCKED;
    self->wait_lane = (uint8_t)op->lane;
    self->wait_count = count;
    return false;
}

static bool mark(struct dataflow *flow, int rank)
{
    struct local_rank *self = &flow->local->ranks[rank];
    uint64_t bytes = flow->clock->books[rank].record.bytes_sent;
    clock_mark(flow->clock, self->marks++, self->now_ps, bytes);
    return true;
}

static bool end(struct dataflow *flow, int rank)
{
    struct local_rank *self = &flow->local->ranks[rank];
    self->state = COMPUTE_ENDED;
    flow->clock->edges[rank].ended_ps = self->now_ps;
    flow->clock->ended_count++;
    return false;
}

static bool post(struct dataflow *flow, int rank, const struct op *op)
{
    struct local_item item = {.unit_bytes = op->value, .member = op->peer};
    if (op->kind == OP_COLLECTIVE) {
        if (op->schedule->strands) {
            dataflow_lose(flow, "a collective goes in several strands at a time, as torus2d does");
            return false;
        }
        item.schedule = op->schedule;
        item.count = op->count;
        item.unit_bytes = op->element_bytes;
        item.root = op->root;
    }
    local_post(flow, rank, (uint32_t)op->lane, item);
    return true;
}

static bool take_op(struct dataflow *flow, int rank, const struct op *op)
{
    switch (op->kind) {
    case OP_COMPUTE:
        return compute(flow, rank, op->value);
    case OP_WAIT:
        return wait_for(flow, rank, op);
    case OP_MARK:
        return mark(flow, rank);
    case OP_END:
        return end(flow, rank);
    default:
        return post(flow, rank, op);
    }
}

/* ---- A rank's instants. ---- */

/* False: the rank is starved, so it might still act in this instant. */
static bool drain(struct dataflow *flow, int rank)
{
    struct local_rank *self = &flow->local->ranks[rank];
    struct op op;
    if (self->state != COMPUTE_IDLE)
        return true;
    local_account(flow, self);
    do
        if (!op_stream_take(flow->clock->books[rank].stream, &op, flow->clock->calls))
            return false;
    while (take_op(flow, rank, &op));
    return true;
}

static void computed(const struct dataflow *flow, struct local_rank *self)
{
    local_account(flow, self);
    if (self->busy_until_ps <= self->now_ps) {
        self->state = COMPUTE_IDLE;
        return;
    }
    agenda_put(&self->processor, (struct happening){.time_ps = self->busy_until_ps,
                                                    .sequence = self->sequence++,
                                                    .kind = LOCAL_COMPUTED});
}

static void handle_all(struct dataflow *flow, int rank, struct agenda *agenda)
{
    struct local_rank *self = &flow->local->ranks[rank];
    while (agenda_next(agenda) == self->now_ps) {
        struct happening happening = agenda_take(agenda);
        if (happening.kind == LOCAL_COMPUTED)
            computed(flow, self);
        else
            local_handle(flow, rank, happening);
    }
}

/* Comes back when the wheel has come to that time. */
static void wake_at(struct dataflow *flow, int rank, uint64_t time_ps)
{
    struct local_rank *self = &flow->local->ranks[rank];
    if (time_ps == TIME_NEVER || time_ps == self->woken_ps)
        return;
    self->woken_ps = time_ps;
    *wheel_put(flow->wheel, time_ps) = (struct message){
        .arrival_ps = time_ps, .key = NOBODY, .receiver = (uint32_t)rank, .next = NOBODY};
}

void local_run(struct dataflow *flow, int rank)
{
    struct local_rank *self = &flow->local->ranks[rank];
    while (!flow->lost) {
        if (!drain(flow, rank)) {
            if (self->now_ps < flow->starved_ps)
                flow->starved_ps = self->now_ps;
            return;
        }
        local_start(flow, rank);
        uint64_t processor = agenda_next(&self->processor), ports = agenda_next(&self->ports);
        uint64_t next = processor < ports ? processor : ports;
        if (next >= flow->local->end_ps) {
            wake_at(flow, rank, next);
            return;
        }
        self->now_ps = next;
        handle_all(flow, rank, processor == next ? &self->processor : &self->ports);
    }
}

void local_arrive(struct dataflow *flow, int rank, const struct message *message)
{
    if (message->key == NOBODY)
        return; /* only to wake it */
    uint32_t index = message_new(flow);
    flow->messages[index] = *message;
    flow->messages[index].delivered = false;
    agenda_put(&flow->local->ranks[rank].ports,
               (struct happening){.time_ps = message->arrival_ps,
                                  .source = message->key & (OP_PEERS_MOST - 1),
                                  .sequence = message->sequence,
                                  .what = index,
                                  .kind = LOCAL_ARRIVED});
}

void local_resolve(struct dataflow *flow)
{
    flow->starved_ps = TIME_NEVER;
    for (int rank = 0; rank < flow->clock->rank_count; rank++)
        if (flow->local->ranks[rank].state == COMPUTE_IDLE)
            local_run(flow, rank);
    while (!flow->lost && wheel_turn(flow))
        ;
    if (flow->starved_ps == TIME_NEVER && flow->clock->ended_count < flow->clock->rank_count)
        dataflow_lose(flow, "ranks wait for ever, which resolver events can report");
}

void local_finish(struct dataflow *flow)
{
    for (int rank = 0; rank < flow->clock->rank_count; rank++) {
        struct rank_record *record = &flow->clock->books[rank].record;
        uint64_t stolen_ps = flow->local->ranks[rank].stolen_ps;
        record->compute_ps -= stolen_ps;
        record->exposed_comm_ps += stolen_ps;
        flow->clock->messages += record->messages_sent;
    }
}
