/* Goes through graphs: see clock/graph.h for the rules.
 *
 *     ready -> [processor's queue] -> begun -> ended        each begin and end makes others ready
 *
 * Receives need no processor and are posted when they are ready. What is ready for a processor begins
 * when all events of the instant are known, so that its order is the rules' and not the events'.
 */
#include "graph_match.h"
#include "graph_observe.h"
#include "state.h"

#include "threadrack/base/memory.h"
#include "threadrack/clock/cost.h"

#include <stdlib.h>
#include <string.h>

/* The order in which a processor takes what became ready at one instant. */
enum urgency { URGENCY_MESSAGE, URGENCY_SEND, URGENCY_CALC };
enum { BEGIN_OP = UINT32_MAX }; /* kind of a queue's entry, else a clock_event */

struct processor {
    struct heap queue; /* by (ready time, urgency, op); data: the op, or a transfer */
    bool busy;         /* GRAPH_GOAL: with anything; GRAPH_RACK: with a calc */
    uint64_t busy_until_ps; /* of a calc; overheads may put it off */
    uint64_t free_ps;       /* GRAPH_RACK: until then it pays overheads */
    const struct graph_op *sends; /* GRAPH_GOAL: the message that it pays for, or NULL */
};

struct graph_run {
    const struct graph *graph;
    int cpus;
    struct processor *processors;
    struct graph_match match;
    struct graph_lanes lanes; /* for observers */
    uint32_t *waits;   /* by op: dependencies not met yet */
    uint32_t *ready;   /* ready_count ops from ready_first on, to be looked at */
    uint32_t ready_first, ready_count, left;
    int calcs;         /* computing now */
    long moving;       /* sends that have begun, and receives whose message has */
    bool unsettled;
    struct processor *serving; /* the one whose send is being begun, or NULL */
};

void clock_set_graphs(struct clock *clock, const struct goal *goal, enum graph_rules rules)
{
    if (clock->flow)
        BUG("graphs are resolved by events");
    clock->graph_rules = rules;
    for (int rank = 0; rank < clock->rank_count && rank < goal->ranks; rank++) {
        const struct graph *graph = &goal->graphs[rank];
        struct graph_run *run = memory_zeroed(1, sizeof *run);
        run->graph = graph;
        run->cpus = run->lanes.cpus = goal->cpus;
        run->processors = memory_zeroed((size_t)goal->cpus, sizeof *run->processors);
        run->waits = memory_zeroed((size_t)graph->op_count + 1, sizeof *run->waits);
        run->ready = memory_zeroed((size_t)graph->op_count + 1, sizeof *run->ready);
        graph_match_init(&run->match, graph->op_count);
        clock->ranks[rank].graph = run;
    }
}

void graph_release(struct graph_run *run)
{
    if (!run)
        return;
    for (int cpu = 0; cpu < run->cpus; cpu++)
        heap_release(&run->processors[cpu].queue);
    graph_match_release(&run->match);
    graph_lanes_release(&run->lanes);
    free(run->processors);
    free(run->waits);
    free(run->ready);
    free(run);
}

int graph_cpus(const struct graph_run *run)
{
    return run->cpus;
}

bool graph_computes(const struct graph_run *run)
{
    return run->calcs > 0;
}

bool graph_communicates(const struct graph_run *run)
{
    return run->moving > 0;
}

/* ---- Dependencies. ---- */

static void is_ready(struct graph_run *run, uint32_t op)
{
    run->ready[run->ready_first + run->ready_count++] = op;
}

static void meet(struct graph_run *run, const struct graph_op *op, bool on_begin)
{
    for (size_t i = op[0].first; i < op[1].first; i++) {
        const struct graph_dependent *dependent = &run->graph->dependents[i];
        if (dependent->on_begin == on_begin && --run->waits[dependent->op] == 0)
            is_ready(run, dependent->op);
    }
}

static void has_begun(struct graph_run *run, const struct graph_op *op)
{
    meet(run, op, true);
}

static void has_ended(struct clock *clock, int rank, const struct graph_op *op)
{
    struct graph_run *run = clock->ranks[rank].graph;
    meet(run, op, false);
    if (--run->left == 0)
        clock_wake(clock, rank);
}

/* ---- Processors. ---- */

static void unsettle(struct clock *clock, int rank)
{
    struct graph_run *run = clock->ranks[rank].graph;
    if (run->unsettled)
        return;
    run->unsettled = true;
    *vector_push(&clock->unsettled, &clock->unsettled_count, &clock->unsettled_room) = rank;
}

static void put_in_queue(struct clock *clock, int rank, struct processor *processor, enum urgency urgency,
                         uint64_t sequence, uint32_t kind, const void *data)
{
    heap_push(&processor->queue, (struct event){.time_ps = clock->now_ps,
                                                .rank = urgency,
                                                .kind = kind,
                                                .sequence = sequence,
                                                .data = (void *)(uintptr_t)data});
    unsettle(clock, rank);
}

static void end_calc(struct clock *clock, int rank, const struct graph_op *op)
{
    has_ended(clock, rank, op);
    unsettle(clock, rank);
}

static void begin_calc(struct clock *clock, int rank, struct processor *processor,
                       const struct graph_op *op)
{
    struct graph_run *run = clock->ranks[rank].graph;
    uint64_t duration_ps = cost_scaled_ps(&clock->cluster->devices[rank], op->value);
    has_begun(run, op);
    if (duration_ps == 0) {
        end_calc(clock, rank, op);
        return;
    }
    uint64_t begin_ps = clock->now_ps;
    if (processor->free_ps > begin_ps) {
        clock->ranks[rank].stolen_ps += processor->free_ps - begin_ps;
        begin_ps = processor->free_ps;
    }
    run->calcs++;
    processor->busy = true;
    processor->busy_until_ps =
        begin_ps + pace_compute_ps(clock->pace, rank, begin_ps, duration_ps);
    clock_schedule(clock, rank, processor->busy_until_ps, CLOCK_GRAPH_CALC,
                   (void *)(uintptr_t)op);
    graph_tell_calc(clock, rank, op, SIGHT_COMPUTE_BEGINS);
}

/* The processor whose work a transfer is at that end. A message that nobody has asked for is its
 * sender's processor's namesake's. */
static int cpu_of(const struct transfer *transfer, int rank)
{
    const struct transfer *message = transfer->subject ? transfer->subject : transfer;
    bool receives = message->receive_op && rank == message->dst;
    return receives ? message->receive_op->cpu : message->send_op->cpu;
}

/* GRAPH_RACK: at once behind other overheads; a calc waits. */
static void interrupt_with(struct clock *clock, int rank, struct transfer *transfer,
                           enum clock_event kind)
{
    struct processor *processor = &clock->ranks[rank].graph->processors[cpu_of(transfer, rank)];
    struct message_work work = message_work(clock, transfer, kind);
    uint64_t begin_ps = clock->now_ps > processor->free_ps ? clock->now_ps : processor->free_ps;
    processor->free_ps = begin_ps + work.total_ps;
    if (processor->busy) {
        processor->busy_until_ps += work.total_ps + work.hidden_ps;
        clock->ranks[rank].stolen_ps += work.total_ps + work.hidden_ps;
    }
    if (kind == CLOCK_SEND_PAID)
        transfer->paid_ps = processor->free_ps;
    clock_schedule(clock, rank, begin_ps + work.lead_ps, kind, transfer);
}

/* GRAPH_GOAL: the processor is the transfer's alone. */
static void begin_work(struct clock *clock, int rank, struct processor *processor,
                       struct transfer *transfer, enum clock_event kind)
{
    struct message_work work = message_work(clock, transfer, kind);
    processor->busy = true;
    processor->sends = NULL;
    if (kind == CLOCK_SEND_PAID) {
        transfer->paid_ps = clock->now_ps + work.total_ps;
        processor->sends = transfer->subject ? NULL : transfer->send_op;
    }
    clock_schedule(clock, rank, clock->now_ps + work.lead_ps, kind, transfer);
    clock_schedule(clock, rank, clock->now_ps + work.total_ps, CLOCK_GRAPH_FREE, processor);
}

void graph_work(struct clock *clock, int rank, struct transfer *transfer, enum clock_event kind)
{
    const struct transfer *message = transfer->subject ? transfer->subject : transfer;
    struct graph_run *run = clock->ranks[rank].graph;
    struct processor *processor = &run->processors[cpu_of(transfer, rank)];
    if (clock->graph_rules == GRAPH_RACK)
        interrupt_with(clock, rank, transfer, kind);
    else if (run->serving == processor) /* its send begins just now */
        begin_work(clock, rank, processor, transfer, kind);
    else
        put_in_queue(clock, rank, processor, URGENCY_MESSAGE,
                     (uint64_t)message->src << 32 | message->send_op->index, kind, transfer);
}

/* ---- Messages. ---- */

static void begin_send(struct clock *clock, int rank, const struct graph_op *op)
{
    struct rank_state *self = &clock->ranks[rank], *peer = &clock->ranks[op->peer];
    struct transfer *message = transfer_new(clock);
    message->src = rank;
    message->dst = op->peer;
    message->bytes = op->value;
    message->began_ps = message->ready_ps = clock->now_ps;
    message->training_step = self->marks;
    message->sequence = self->sequence++;
    message->send_op = op;
    clock->books[rank].record.bytes_sent += message->bytes;
    clock->books[rank].record.messages_sent++;
    clock->messages++;
    self->graph->moving++;
    graph_tell_send(clock, &self->graph->lanes, message);
    message->receive_op = graph_match_message(&peer->graph->match, peer->graph->graph, message);
    if (message->receive_op) {
        account(clock, peer);
        peer->graph->moving++;
        graph_tell_receive(clock, &peer->graph->lanes, message);
        message_wanted(clock, message);
    }
    has_begun(self->graph, op);
    message_send(clock, message);
}

static void end_send(struct clock *clock, int rank, const struct graph_op *op)
{
    clock->ranks[rank].graph->moving--;
    has_ended(clock, rank, op);
}

static void end_receive(struct clock *clock, struct transfer *message)
{
    int rank = message->dst;
    const struct graph_op *op = message->receive_op;
    graph_tell_received(clock, &clock->ranks[rank].graph->lanes, message);
    message->received = true;
    transfer_end(clock, message);
    clock->ranks[rank].graph->moving--;
    has_ended(clock, rank, op);
}

/* All of it is there, and a receive may be. */
static void take_in(struct clock *clock, struct transfer *message)
{
    if (message_pay_receive(clock, message))
        return;
    message->taken_in = true;
    if (message->receive_op)
        end_receive(clock, message);
}

static void post_receive(struct clock *clock, int rank, const struct graph_op *op)
{
    struct graph_run *run = clock->ranks[rank].graph;
    has_begun(run, op);
    struct transfer *message = graph_match_receive(&run->match, op);
    if (!message)
        return;
    message->receive_op = op;
    run->moving++;
    graph_tell_receive(clock, &run->lanes, message);
    message_wanted(clock, message);
    if (message->taken_in)
        end_receive(clock, message);
    else if (message->delivered && !message->being_taken_in)
        take_in(clock, message);
}

/* ---- Going on. ---- */

static void look_at(struct clock *clock, int rank, const struct graph_op *op)
{
    struct processor *processor = &clock->ranks[rank].graph->processors[op->cpu];
    if (op->kind == GRAPH_RECEIVE)
        post_receive(clock, rank, op);
    else if (op->kind == GRAPH_CALC)
        put_in_queue(clock, rank, processor, URGENCY_CALC, op->index, BEGIN_OP, op);
    else if (clock->graph_rules == GRAPH_RACK)
        begin_send(clock, rank, op); /* overheads interrupt */
    else
        put_in_queue(clock, rank, processor, URGENCY_SEND, op->index, BEGIN_OP, op);
}

/* An op is ready once a round, so `ready` never overflows. */
static void go_on(struct clock *clock, int rank)
{
    struct graph_run *run = clock->ranks[rank].graph;
    while (run->ready_count) {
        run->ready_count--;
        look_at(clock, rank, &run->graph->ops[run->ready[run->ready_first++]]);
    }
}

bool graph_begin(struct clock *clock, int rank)
{
    struct rank_state *state = &clock->ranks[rank];
    struct graph_run *run = state->graph;
    run->left = run->graph->op_count;
    if (run->left == 0)
        return true;
    state->state = COMPUTE_BLOCKED;
    state->wait_lane = 0;
    run->ready_first = run->ready_count = 0;
    for (uint32_t op = 0; op < run->graph->op_count; op++) {
        run->waits[op] = run->graph->ops[op].waits;
        if (run->waits[op] == 0)
            is_ready(run, op);
    }
    go_on(clock, rank);
    return false;
}

static void send_from(struct clock *clock, int rank, struct processor *processor,
                      const struct graph_op *op)
{
    struct graph_run *run = clock->ranks[rank].graph;
    run->serving = processor;
    begin_send(clock, rank, op);
    run->serving = NULL;
}

static void serve(struct clock *clock, int rank, struct processor *processor)
{
    while (!processor->busy && heap_first(&processor->queue)) {
        struct event entry = heap_pop(&processor->queue);
        const struct graph_op *op = entry.data;
        if (entry.kind != BEGIN_OP)
            begin_work(clock, rank, processor, entry.data, (enum clock_event)entry.kind);
        else if (op->kind == GRAPH_CALC)
            begin_calc(clock, rank, processor, op);
        else
            send_from(clock, rank, processor, op);
        go_on(clock, rank);
    }
}

static int in_order(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

bool graph_settle(struct clock *clock)
{
    int count = clock->unsettled_count;
    if (count > 1)
        qsort(clock->unsettled, (size_t)count, sizeof *clock->unsettled, in_order);
    for (int i = 0; i < count; i++) {
        int rank = clock->unsettled[i];
        struct graph_run *run = clock->ranks[rank].graph;
        account(clock, &clock->ranks[rank]);
        run->unsettled = false;
        for (int cpu = 0; cpu < run->cpus; cpu++)
            serve(clock, rank, &run->processors[cpu]);
    }
    clock->unsettled_count -= count;
    if (clock->unsettled_count)
        memmove(clock->unsettled, clock->unsettled + count,
            (size_t)clock->unsettled_count * sizeof *clock->unsettled);
    return count > 0;
}

/* ---- Events. ---- */

void graph_handed_over(struct clock *clock, struct transfer *message)
{
    if (clock->graph_rules == GRAPH_RACK)
        return;
    account(clock, &clock->ranks[message->src]);
    end_send(clock, message->src, message->send_op);
    go_on(clock, message->src);
}

void graph_sent(struct clock *clock, int rank, const struct graph_op *op)
{
    if (clock->graph_rules != GRAPH_RACK)
        return;
    account(clock, &clock->ranks[rank]);
    end_send(clock, rank, op);
    go_on(clock, rank);
}

void graph_has_been_sent(const struct clock *clock, const struct transfer *message)
{
    graph_tell_sent(clock, &clock->ranks[message->src].graph->lanes, message);
}

/* GRAPH_GOAL takes in a message that nobody has asked for yet. */
void graph_delivered(struct clock *clock, struct transfer *message)
{
    int rank = message->dst;
    account(clock, &clock->ranks[rank]);
    if (!message->receive_op && clock->graph_rules == GRAPH_RACK)
        return;
    message->being_taken_in = true;
    take_in(clock, message);
    go_on(clock, rank);
}

void graph_received(struct clock *clock, struct transfer *message)
{
    int rank = message->dst;
    message->taken_in = true;
    if (message->receive_op)
        end_receive(clock, message);
    go_on(clock, rank);
}

void graph_event(struct clock *clock, const struct event *event)
{
    int rank = (int)event->rank;
    struct graph_run *run = clock->ranks[rank].graph;
    account(clock, &clock->ranks[rank]);
    if (event->kind == CLOCK_GRAPH_FREE) {
        struct processor *processor = event->data;
        processor->busy = false;
        if (processor->sends)
            end_send(clock, rank, processor->sends);
        unsettle(clock, rank);
    } else {
        const struct graph_op *op = event->data;
        struct processor *processor = &run->processors[op->cpu];
        if (processor->busy_until_ps > clock->now_ps) { /* overheads have put it off */
            clock_schedule(clock, rank, processor->busy_until_ps, CLOCK_GRAPH_CALC, event->data);
            return;
        }
        graph_tell_calc(clock, rank, op, SIGHT_COMPUTE_ENDS);
        processor->busy = false;
        run->calcs--;
        end_calc(clock, rank, op);
    }
    go_on(clock, rank);
}

/* ---- What did not end. ---- */

static bool is_held_up(const struct clock *clock, const struct transfer *message)
{
    return clock->netmodel->ops->overhead && message->bytes > clock->cluster->rendezvous_bytes;
}

static void note_wait(struct graph_wait *wait, struct graph_wait found)
{
    if (wait->peer < 0 || found.line < wait->line)
        *wait = found;
}

/* Receives that nobody has sent to are their ranks' waits; rendezvous sends that have not been asked
 * for are their senders'. */
void graph_waits(const struct clock *clock, struct graph_wait *waits)
{
    for (int rank = 0; rank < clock->rank_count; rank++)
        waits[rank] = (struct graph_wait){.peer = -1};
    for (int rank = 0; rank < clock->rank_count; rank++) {
        const struct graph_run *run = clock->ranks[rank].graph;
        for (size_t i = 0; run && i < run->match.room; i++) {
            const struct graph_line *line = &run->match.lines[i];
            if (!line->used)
                continue;
            if (line->first)
                note_wait(&waits[rank], (struct graph_wait){line->source, false, line->tag,
                                                            run->graph->ops[line->first - 1].line});
            if (line->messages && is_held_up(clock, line->messages))
                note_wait(&waits[line->source],
                          (struct graph_wait){rank, true, line->tag, line->messages->send_op->line});
        }
    }
}

uint32_t graph_left(const struct graph_run *run)
{
    return run->left;
}

uint64_t clock_unreceived(const struct clock *clock, uint32_t *line)
{
    uint64_t count = 0;
    *line = 0;
    for (int rank = 0; rank < clock->rank_count; rank++) {
        const struct graph_run *run = clock->ranks[rank].graph;
        for (size_t i = 0; run && i < run->match.room; i++)
            for (const struct transfer *message = run->match.lines[i].messages; message;
                 message = message->next) {
                count++;
                if (!*line || message->send_op->line < *line)
                    *line = message->send_op->line;
            }
    }
    return count;
}
