/* A lane's life: operations in post order, each a step at a time.
 *
 *     post -> [queue] -> step: send ---> sent          (protocol.c: what each side's
 *                              receive <- delivered     processor pays, and who asks whom)
 *                        both ended -> add what came in -> next step -> ... -> operation ended
 *
 * A message is matched to a receive of the same group, kind and strand by its source, in send order.
 *
 * A collective of several strands (clock/schedule.h) lays down a lane for each, and has ended when all
 * of these are at their ends.
 */
#include "observe.h"

#include "threadrack/base/memory.h"
#include "threadrack/clock/cost.h"

#include <stdlib.h>

enum { LANES_A_BLOCK = 64 };

/* Lanes that were made together. */
struct lane_block {
    struct lane_block *next;
    struct lane lanes[LANES_A_BLOCK];
};

static void make_lanes(struct clock *clock)
{
    struct lane_block *block = memory_zeroed(1, sizeof *block);
    block->next = clock->lanes;
    clock->lanes = block;
    for (int i = 0; i < LANES_A_BLOCK; i++) {
        block->lanes[i].next_spare = clock->spare_lanes;
        clock->spare_lanes = &block->lanes[i];
    }
}

struct lane *lane_get(struct clock *clock, int rank, int number)
{
    struct rank_state *state = &clock->ranks[rank];
    struct lane_place *place = lane_place(state, number);
    if (place->lane)
        return place->lane;
    if (!clock->spare_lanes)
        make_lanes(clock);
    struct lane *lane = clock->spare_lanes;
    clock->spare_lanes = lane->next_spare;
    *lane = (struct lane){.number = number,
                          .group = lane_membership(state, number)->group,
                          .kind = (enum group_lane)((number - 1) % GROUP_LANES),
                          .queue = lane->queue,
                          .room = lane->room,
                          .strands = lane->strands,
                          .strand_room = lane->strand_room,
                          .ended = place->ended,
                          .item.training_step = place->training_step};
    return place->lane = lane;
}

void lane_rest(struct clock *clock, int rank, struct lane *lane)
{
    struct lane_place *place = lane_place(&clock->ranks[rank], lane->number);
    if (lane->busy || lane->count || lane->early || place->lane != lane)
        return;
    *place = (struct lane_place){.ended = lane->ended, .training_step = lane->item.training_step};
    lane->next_spare = clock->spare_lanes;
    clock->spare_lanes = lane;
}

static void lane_release(struct lane *lane)
{
    free(lane->queue);
    free(lane->strands);
}

void lanes_free(struct clock *clock)
{
    for (struct lane_block *block = clock->lanes, *next; block; block = next) {
        next = block->next;
        for (int i = 0; i < LANES_A_BLOCK; i++)
            lane_release(&block->lanes[i]);
        free(block);
    }
}

static struct lane *whole_of(struct lane *lane)
{
    return lane->whole ? lane->whole : lane;
}

static int strand_number(const struct lane *lane)
{
    return lane->whole ? (int)(lane - lane->whole->strands) : 0;
}

/* Takes the earliest message for that strand from that source that was begun before it was asked for.
 */
static struct transfer *take_early(struct lane *lane, int strand, int source)
{
    for (struct transfer **place = &lane->early; *place; place = &(*place)->next) {
        struct transfer *transfer = *place;
        if (transfer->src != source || transfer->dst_strand != strand)
            continue;
        *place = transfer->next;
        if (!*place)
            lane->early_end = place;
        return transfer;
    }
    return NULL;
}

static bool takes_any(const struct lane *lane)
{
    return !lane->item.schedule && lane->kind == LANE_RECEIVES && lane->item.peer == OP_ANY;
}

/* Takes what has been delivered the longest, or, of messages at one instant, was the first. */
static struct transfer *take_delivered(struct lane *lane)
{
    struct transfer **best = NULL;
    for (struct transfer **place = &lane->early; *place; place = &(*place)->next)
        if ((*place)->delivered && (!best || (*place)->delivery < (*best)->delivery))
            best = place;
    if (!best)
        return NULL;
    struct transfer *transfer = *best;
    *best = transfer->next;
    if (!*best)
        lane->early_end = best;
    return transfer;
}

static void put_early(struct lane *lane, struct transfer *transfer)
{
    if (!lane->early)
        lane->early_end = &lane->early;
    transfer->next = NULL;
    *lane->early_end = transfer;
    lane->early_end = &transfer->next;
}

static uint64_t step_bytes(const struct lane *lane, struct share range)
{
    return lane->item.schedule ? range.count * lane->item.unit_bytes : lane->item.unit_bytes;
}

/* The lane has met the message that it asks for. */
static void meet(struct clock *clock, struct lane *lane, struct transfer *transfer)
{
    uint64_t wanted = step_bytes(lane, lane->step.recv);
    if (wanted != transfer->bytes && !clock->mismatch.there) {
        clock->mismatch = (struct mismatch){true, transfer->src, transfer->dst, transfer->bytes, wanted};
        clock->stuck = true;
    }
    lane->message = transfer;
    message_wanted(clock, transfer);
}

/* The lane's step begins to send. The receiver knows from now on that its message is on its way. */
static void begin_send(struct clock *clock, int rank, struct lane *lane)
{
    const struct group *group = lane->group;
    int target = group->members[lane->step.send_to];
    struct rank_state *self = &clock->ranks[rank];
    enum group_lane kind = lane->kind == LANE_COLLECTIVES ? LANE_COLLECTIVES : LANE_RECEIVES;
    int peer_lane = group->lane_bases[lane->step.send_to] + (int)kind;
    struct transfer *transfer = transfer_new(clock);
    transfer->src = rank;
    transfer->dst = target;
    transfer->bytes = step_bytes(lane, lane->step.send);
    transfer->began_ps = transfer->ready_ps = clock->now_ps;
    transfer->training_step = lane->item.training_step;
    transfer->sequence = self->sequence++;
    transfer->src_lane = whole_of(lane)->number;
    transfer->dst_lane = peer_lane;
    transfer->src_strand = strand_number(lane);
    transfer->dst_strand = lane->step.to_strand;
    clock->books[rank].record.bytes_sent += transfer->bytes;
    clock->books[rank].record.messages_sent++;
    clock->messages++;
    observe_message(clock, transfer, SIGHT_MESSAGE_BEGINS);

    struct lane *whole = lane_get(clock, target, peer_lane);
    struct lane *receiver = lane_strand(whole, lane->step.to_strand);
    if (receiver && receiver->busy && receiver->receiving && !receiver->message &&
        !takes_any(receiver) && group->members[receiver->step.recv_from] == rank) {
        account(clock, &clock->ranks[target]);
        meet(clock, receiver, transfer);
    } else {
        put_early(whole, transfer);
    }
    message_send(clock, transfer);
}

static uint64_t add_ps(const struct clock *clock, int rank, const struct lane *lane,
                       uint64_t begin_ps)
{
    const struct device *device = &clock->cluster->devices[rank];
    if (!lane->step.reduce || device->add_Bps == 0)
        return 0;
    uint64_t bytes = step_bytes(lane, lane->step.recv);
    uint64_t adding_ps = cost_scaled_ps(device, transfer_ps(bytes, device->add_Bps));
    return pace_add_ps(clock->pace, rank, begin_ps, adding_ps);
}

static void begin_adding(struct clock *clock, int rank, struct lane *lane)
{
    uint64_t *free_ps = &whole_of(lane)->adder_free_ps;
    uint64_t begin_ps = *free_ps > clock->now_ps ? *free_ps : clock->now_ps;
    uint64_t adding_ps = add_ps(clock, rank, lane, begin_ps);
    if (adding_ps == 0)
        return;
    *free_ps = begin_ps + adding_ps;
    lane->adding = true;
    clock_schedule(clock, rank, *free_ps, CLOCK_ADDED, lane);
}

static void message_here(struct clock *clock, int rank, struct lane *lane)
{
    lane->message->received = true;
    observe_message(clock, lane->message, SIGHT_MESSAGE_RECEIVED);
    if (lane->item.serves)
        clock->answers.served(clock->answers.context, rank, lane->message->src);
    transfer_end(clock, lane->message);
    lane->message = NULL;
    lane->receiving = false;
    begin_adding(clock, rank, lane);
}

/* The message has been delivered to the lane that waits for it. */
static void take_in(struct clock *clock, int rank, struct lane *lane)
{
    if (!message_pay_receive(clock, lane->message))
        message_here(clock, rank, lane);
}

static int compare_ranks(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int member_of(const struct group *group, int rank)
{
    const int *place =
        bsearch(&rank, group->members, (size_t)group->size, sizeof rank, compare_ranks);
    return (int)(place - group->members);
}

static void take_any(struct clock *clock, int rank, struct lane *lane)
{
    struct transfer *message = take_delivered(lane);
    if (!message)
        return;
    if (lane->item.serves) { /* until now it has rested */
        observe_lane(clock, rank, lane, SIGHT_OPERATION_BEGINS);
        observe_lane(clock, rank, lane, SIGHT_STEP_BEGINS);
    }
    lane->item.peer = member_of(lane->group, message->src);
    lane->step.recv_from = lane->item.peer;
    meet(clock, lane, message);
    take_in(clock, rank, lane);
}

static void begin_step(struct clock *clock, int rank, struct lane *lane)
{
    lane->sending = lane->step.send_to >= 0;
    lane->receiving = lane->step.recv_from >= 0;
    if (lane->sending)
        begin_send(clock, rank, lane);
    if ((!lane->sending && !lane->receiving) || (lane->item.serves && lane->sending))
        begin_adding(clock, rank, lane);
    if (!lane->receiving)
        return;
    if (takes_any(lane)) {
        take_any(clock, rank, lane);
        return;
    }
    struct transfer *early = take_early(whole_of(lane), strand_number(lane),
                                        lane->group->members[lane->step.recv_from]);
    if (!early)
        return;
    meet(clock, lane, early);
    if (early->delivered)
        take_in(clock, rank, lane);
}

/* All of it counts as communication, additions too. */
static void begin_whole(struct clock *clock, int rank, struct lane *lane)
{
    struct whole whole = lane->item.schedule->whole(&lane->item.call);
    clock->books[rank].record.bytes_sent += whole.bytes;
    clock->books[rank].record.messages_sent += whole.messages;
    clock->messages += whole.messages;
    lane->sending = whole.duration_ps;
    if (lane->sending)
        clock_schedule(clock, rank, clock->now_ps + whole.duration_ps, CLOCK_ADDED, lane);
}

static bool is_whole(const struct lane *lane)
{
    return lane->item.schedule && lane->item.schedule->whole;
}

/* It takes a message, then answers it and adds it in. */
static bool load_service(struct lane *lane)
{
    bool answers = lane->index == 1;
    lane->step = (struct step){.send_to = answers ? lane->item.peer : -1,
                               .recv_from = answers ? -1 : OP_ANY,
                               .reduce = answers};
    return lane->index < 2;
}

static bool load_step(struct lane *lane)
{
    if (is_whole(lane))
        return lane->index == 0;
    if (lane->item.serves)
        return load_service(lane);
    if (lane->item.schedule)
        return lane->item.schedule->step(&lane->item.call, lane->index, &lane->step);
    bool sends = lane->kind == LANE_SENDS;
    lane->step = (struct step){.send_to = sends ? lane->item.peer : -1,
                               .recv_from = sends ? -1 : lane->item.peer};
    return lane->index == 0;
}

/* Lays down the lanes of the strands. No event is under way for those of operations before. */
static void begin_strands(struct lane *lane, int count)
{
    if (count > lane->strand_room) {
        lane->strand_room = count;
        lane->strands = memory_resize(lane->strands, (size_t)count * sizeof *lane->strands);
    }
    lane->strand_count = count;
    for (int i = 0; i < count; i++) {
        lane->strands[i] = (struct lane){.group = lane->group,
                                         .kind = lane->kind,
                                         .busy = true,
                                         .item = lane->item,
                                         .whole = lane};
        lane->strands[i].item.call.strand = i;
    }
}

static bool begin_item(struct lane *lane)
{
    if (lane->count == 0)
        return false;
    lane->item = lane->queue[lane->head];
    lane->head = (lane->head + 1) % lane->room;
    lane->count--;
    lane->busy = true;
    lane->index = 0;
    if (lane->item.schedule && lane->item.schedule->strands)
        begin_strands(lane, lane->item.schedule->strands(&lane->item.call));
    return true;
}

static bool is_at_rest(const struct lane *lane)
{
    return !lane->sending && !lane->receiving && !lane->adding;
}

/* At the place in the queue that it had. */
static void serve_again(const struct clock *clock, int rank, struct lane *lane)
{
    lane->item.peer = OP_ANY;
    lane->item.training_step = clock->ranks[rank].marks;
    lane->queue[(lane->head + lane->count++) % lane->room] = lane->item;
}

static void end_item(struct clock *clock, int rank, struct lane *lane)
{
    lane->busy = false;
    lane->strand_count = 0;
    lane->ended++;
    observe_lane(clock, rank, lane, SIGHT_OPERATION_ENDS);
    clock_lane_moved(clock, rank, lane);
    if (lane->item.serves)
        serve_again(clock, rank, lane);
}

/* ---- Strands. ---- */

static bool may_begin(const struct lane *strand)
{
    const struct after *after = &strand->step.after;
    const struct lane *other = &strand->whole->strands[after->strand];
    if (other->steps_ended >= after->steps)
        return true;
    bool last_one = other->steps_ended == after->steps - 1 && other->index == after->steps;
    return after->sent && last_one && !other->held && !other->sending;
}

/* Its step, if it was at one, has ended; false when it has no more. */
static bool load_next(const struct clock *clock, int rank, struct lane *strand)
{
    if (strand->index > 0)
        observe_lane(clock, rank, strand, SIGHT_STEP_ENDS);
    strand->steps_ended = strand->index;
    strand->busy = load_step(strand);
    strand->index += strand->busy;
    strand->held = strand->busy;
    return strand->busy;
}

/* Returns whether it went on. */
static bool run_strand(struct clock *clock, int rank, struct lane *strand)
{
    bool went = false;
    while (strand->busy && is_at_rest(strand)) {
        if (!strand->held) {
            went = true;
            if (!load_next(clock, rank, strand))
                break;
        }
        if (!may_begin(strand))
            break;
        strand->held = false;
        observe_lane(clock, rank, strand, SIGHT_STEP_BEGINS);
        begin_step(clock, rank, strand);
    }
    return went;
}

/* One that goes on may be what another waits for. */
static void run_strands(struct clock *clock, int rank, struct lane *lane)
{
    bool went, busy;
    do {
        went = busy = false;
        for (int i = 0; i < lane->strand_count; i++) {
            went |= run_strand(clock, rank, &lane->strands[i]);
            busy |= lane->strands[i].busy;
        }
    } while (went && busy);
    if (!busy)
        end_item(clock, rank, lane);
}

/* ---- */

/* Goes on until something has to be waited for or the lane is empty. */
static void run(struct clock *clock, int rank, struct lane *any)
{
    struct lane *lane = whole_of(any);
    while (lane->strand_count || is_at_rest(lane)) {
        if (lane->strand_count) {
            run_strands(clock, rank, lane);
            if (lane->busy)
                return;
            continue;
        }
        if (lane->busy)
            observe_lane(clock, rank, lane, SIGHT_STEP_ENDS);
        else if (!begin_item(lane))
            break;
        else if (!lane->item.serves)
            observe_lane(clock, rank, lane, SIGHT_OPERATION_BEGINS);
        if (lane->strand_count)
            continue;
        if (load_step(lane)) {
            bool rests = lane->item.serves && lane->index == 0;
            lane->index++;
            if (!rests)
                observe_lane(clock, rank, lane, SIGHT_STEP_BEGINS);
            if (is_whole(lane))
                begin_whole(clock, rank, lane);
            else
                begin_step(clock, rank, lane);
        } else {
            end_item(clock, rank, lane);
        }
    }
    lane_rest(clock, rank, lane);
}

void lane_post(struct clock *clock, int rank, struct lane *lane, struct item item)
{
    if (lane->count == lane->room) {
        int room = lane->room ? 2 * lane->room : 1;
        struct item *queue = memory_zeroed((size_t)room, sizeof *queue);
        for (int i = 0; i < lane->count; i++)
            queue[i] = lane->queue[(lane->head + i) % lane->room];
        free(lane->queue);
        lane->queue = queue;
        lane->head = 0;
        lane->room = room;
    }
    item.training_step = clock->ranks[rank].marks;
    lane->queue[(lane->head + lane->count++) % lane->room] = item;
    account(clock, &clock->ranks[rank]);
    run(clock, rank, lane);
}

void lane_added(struct clock *clock, int rank, struct lane *lane)
{
    account(clock, &clock->ranks[rank]);
    lane->adding = false;
    lane->sending = lane->sending && !is_whole(lane);
    run(clock, rank, lane);
}

void lane_sent(struct clock *clock, int rank, int index, int strand)
{
    struct lane *lane = lane_strand(lane_place(&clock->ranks[rank], index)->lane, strand);
    account(clock, &clock->ranks[rank]);
    lane->sending = false;
    run(clock, rank, lane);
}

void lane_delivered(struct clock *clock, struct transfer *message)
{
    struct rank_state *rank = &clock->ranks[message->dst];
    struct lane *lane = lane_strand(lane_place(rank, message->dst_lane)->lane, message->dst_strand);
    account(clock, rank);
    message->delivery = ++clock->deliveries;
    int receiver = message->dst;
    if (lane && lane->busy && lane->receiving && !lane->message && takes_any(lane))
        take_any(clock, receiver, lane);
    else if (lane && lane->message == message)
        take_in(clock, receiver, lane);
    else
        return;
    run(clock, receiver, lane);
}

void lane_received(struct clock *clock, struct transfer *message)
{
    int rank = message->dst;
    struct lane *lane =
        lane_strand(lane_place(&clock->ranks[rank], message->dst_lane)->lane, message->dst_strand);
    account(clock, &clock->ranks[rank]);
    message_here(clock, rank, lane);
    run(clock, rank, lane);
}
