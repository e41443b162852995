/* A message's way from processor to processor, under LogGOPS (netmodel/loggp.c says what is charged
 * when) and, where a netmodel charges no overheads, straight into the network.
 *
 *     eager         sender: o -> data ............................ receiver: o
 *     rendezvous    sender: o -> request ......................... receiver: o
 *     (n > S)                                  once the receive is posted: o
 *                   sender: o <- ........................ answer <-
 *                           o -> data ............................ receiver: o
 *
 * A request and an answer are messages of one byte, and use ports and links like any other, but they
 * are not counted among the messages sent.
 */
#include "observe.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum stage {
    STAGE_EAGER,
    STAGE_REQUEST,  /* the request is on its way */
    STAGE_ASKED,    /* the receiver has the request */
    STAGE_ANSWERED, /* the answer is on its way, or has come */
};

enum { BLOCK = 64 };

struct transfer_block {
    struct transfer_block *next;
    struct transfer items[BLOCK];
};

static void make_block(struct clock *clock)
{
    struct transfer_block *block = memory_zeroed(1, sizeof *block);
    block->next = clock->transfers;
    clock->transfers = block;
    for (int i = BLOCK - 1; i >= 0; i--) {
        block->items[i].next = clock->spare;
        clock->spare = &block->items[i];
    }
}

struct transfer *transfer_new(struct clock *clock)
{
    if (!clock->spare)
        make_block(clock);
    struct transfer *transfer = clock->spare;
    clock->spare = transfer->next;
    *transfer = (struct transfer){0};
    return transfer;
}

void transfers_free(struct clock *clock)
{
    while (clock->transfers) {
        struct transfer_block *next = clock->transfers->next;
        free(clock->transfers);
        clock->transfers = next;
    }
}

void transfer_end(struct clock *clock, struct transfer *transfer)
{
    if (!transfer->sent || !transfer->delivered || !transfer->received)
        return;
    transfer->next = clock->spare;
    clock->spare = transfer;
}

/* ---- Processors. ---- */

static bool pays_overhead(const struct clock *clock)
{
    const struct cluster *cluster = clock->cluster;
    return clock->netmodel->ops->overhead && !cluster->offload &&
           (cluster->overhead_ps > 0 || cluster->overhead_fs_B > 0);
}

/* (n-1)O, rounded half up. */
static uint64_t bytes_ps(const struct clock *clock, uint64_t bytes)
{
    unsigned __int128 fs = (unsigned __int128)(bytes ? bytes - 1 : 0) * clock->cluster->overhead_fs_B;
    return (uint64_t)((fs + 500) / 1000);
}

struct message_work message_work(const struct clock *clock, const struct transfer *transfer,
                                 enum clock_event kind)
{
    uint64_t overhead_ps = clock->cluster->overhead_ps, hidden_ps = 0;
    uint64_t more_ps = bytes_ps(clock, transfer->bytes);
    if (kind == CLOCK_SEND_PAID) /* (n-1)O goes on while the bytes leave */
        return (struct message_work){overhead_ps, overhead_ps + more_ps, 0};
    if (kind == CLOCK_RECEIVE_PAID && more_ps) {
        /* While the bytes came in at G the processor took them in at O: what it could not keep up
         * with is left. */
        struct path path =
            cluster_path_at(clock->cluster, transfer->src, transfer->dst, transfer->ready_ps);
        uint64_t stream_ps = transfer_ps(transfer->bytes - 1, path.bandwidth_Bps);
        hidden_ps = more_ps < stream_ps ? more_ps : stream_ps;
    }
    uint64_t total_ps = overhead_ps + more_ps - hidden_ps;
    return (struct message_work){total_ps, total_ps, hidden_ps};
}

/* Reserves the processor; the event follows. While the compute lane is busy, its op is put off by as
 * much, and by what the processor has done before. */
static void work(struct clock *clock, int rank, struct transfer *transfer, enum clock_event kind)
{
    const struct transfer *message = transfer->subject ? transfer->subject : transfer;
    if (message->send_op) {
        graph_work(clock, rank, transfer, kind);
        return;
    }
    struct message_work duration = message_work(clock, transfer, kind);
    struct rank_state *state = &clock->ranks[rank];
    uint64_t begin_ps = clock->now_ps > state->cpu_free_ps ? clock->now_ps : state->cpu_free_ps;
    account(clock, state);
    state->cpu_free_ps = begin_ps + duration.total_ps;
    if (state->state == COMPUTE_BUSY) {
        state->busy_until_ps += duration.total_ps + duration.hidden_ps;
        state->stolen_ps += duration.total_ps + duration.hidden_ps;
    }
    if (kind == CLOCK_SEND_PAID)
        transfer->paid_ps = begin_ps + duration.total_ps;
    clock_schedule(clock, rank, begin_ps + duration.lead_ps, kind, transfer);
}

/* ---- Into the network. ---- */

static void hand_over(struct clock *clock, struct transfer *transfer)
{
    transfer->ready_ps = clock->now_ps;
    *vector_push(&clock->candidates, &clock->candidate_count, &clock->candidate_room) = transfer;
}

static void pay_and_send(struct clock *clock, struct transfer *transfer)
{
    if (pays_overhead(clock)) {
        work(clock, transfer->src, transfer, CLOCK_SEND_PAID);
        return;
    }
    hand_over(clock, transfer);
    if (transfer->send_op)
        graph_handed_over(clock, transfer);
}

/* A request or an answer. */
static void send_control(struct clock *clock, struct transfer *message, int src, int dst)
{
    struct transfer *control = transfer_new(clock);
    control->src = src;
    control->dst = dst;
    control->bytes = 1;
    control->sequence = clock->ranks[src].sequence++;
    control->subject = message;
    control->received = true;
    pay_and_send(clock, control);
}

void message_send(struct clock *clock, struct transfer *message)
{
    bool asks = clock->netmodel->ops->overhead && message->bytes > clock->cluster->rendezvous_bytes;
    message->stage = asks ? STAGE_REQUEST : STAGE_EAGER;
    if (asks)
        send_control(clock, message, message->src, message->dst);
    else
        pay_and_send(clock, message);
}

void message_wanted(struct clock *clock, struct transfer *message)
{
    bool under_way = !message->wanted && message->stage == STAGE_EAGER;
    message->wanted = true;
    if (under_way && clock->netmodel->ops->ask)
        clock->netmodel->ops->ask(clock->netmodel, message, clock->now_ps);
    if (message->stage != STAGE_ASKED)
        return;
    message->stage = STAGE_ANSWERED;
    send_control(clock, message, message->dst, message->src);
}

/* ---- Out of the network. ---- */

static void control_here(struct clock *clock, struct transfer *control)
{
    struct transfer *message = control->subject;
    transfer_end(clock, control);
    if (message->stage == STAGE_ANSWERED) {
        pay_and_send(clock, message);
        return;
    }
    message->stage = STAGE_ASKED;
    if (message->wanted)
        message_wanted(clock, message);
}

static void control_delivered(struct clock *clock, struct transfer *control)
{
    if (!pays_overhead(clock)) {
        control_here(clock, control);
        return;
    }
    work(clock, control->dst, control, CLOCK_CONTROL_PAID);
}

bool message_pay_receive(struct clock *clock, struct transfer *message)
{
    if (!pays_overhead(clock))
        return false;
    work(clock, message->dst, message, CLOCK_RECEIVE_PAID);
    return true;
}

static void has_been_sent(struct clock *clock, struct transfer *transfer)
{
    bool is_control = transfer->subject;
    const struct graph_op *op = transfer->send_op;
    int rank = transfer->src, lane = transfer->src_lane, strand = transfer->src_strand;
    transfer->sent = true;
    if (!is_control && !op)
        observe_message(clock, transfer, SIGHT_MESSAGE_SENT);
    if (op)
        graph_has_been_sent(clock, transfer);
    transfer_end(clock, transfer);
    if (op)
        graph_sent(clock, rank, op);
    else if (!is_control)
        lane_sent(clock, rank, lane, strand);
}

void message_sent(void *context, struct transfer *transfer)
{
    struct clock *clock = context;
    if (transfer->paid_ps > clock->now_ps)
        clock_schedule(clock, transfer->src, transfer->paid_ps, CLOCK_BYTES_PAID, transfer);
    else
        has_been_sent(clock, transfer);
}

void message_delivered(void *context, struct transfer *transfer)
{
    struct clock *clock = context;
    transfer->delivered = true;
    if (transfer->subject) {
        control_delivered(clock, transfer);
        return;
    }
    observe_message(clock, transfer, SIGHT_MESSAGE_DELIVERED);
    if (transfer->send_op)
        graph_delivered(clock, transfer);
    else
        lane_delivered(clock, transfer);
}

void message_event(struct clock *clock, const struct event *event)
{
    struct transfer *transfer = event->data;
    account(clock, &clock->ranks[event->rank]);
    switch (event->kind) {
    case CLOCK_SEND_PAID:
        hand_over(clock, transfer);
        return;
    case CLOCK_BYTES_PAID:
        has_been_sent(clock, transfer);
        return;
    case CLOCK_RECEIVE_PAID:
        if (transfer->send_op)
            graph_received(clock, transfer);
        else
            lane_received(clock, transfer);
        return;
    default:
        control_here(clock, transfer);
    }
}
