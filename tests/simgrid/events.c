/* Closed loops: which flows are under way, and how fast, after each of their events. Feedback makes
 * a picosecond grow to much of a run, so two programs are held against each other by this and not
 * by when the loop ends. */
#include "cases.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/comm/collective.h"

#include "tests/clock/fixture.h"

#include <stdlib.h>

enum { ROUNDS = 5 };

struct message {
    struct transfer transfer;
    int after[2]; /* messages that must have arrived before it sets out; -1: none */
    bool begun;
    double rate_Bps;
};

struct loop {
    int nodes, count;
    struct message *messages; /* by round, and in it by node */
    struct draw draw;
    struct netmodel *model;
    uint64_t now_ps;
    struct case_events *events;
    int *room; /* of the events' rates */
};

/* ---- Patterns: messages of a round, each with what it waits for ---- */

static uint64_t below(struct loop *loop, int message, int what, uint64_t n)
{
    return draw_below(loop->draw, (uint64_t)(2 * message + what), n);
}

static void send(struct loop *loop, int round, int src, int dst, int before, int received)
{
    int index = round * loop->nodes + src;
    loop->messages[index] = (struct message){
        .transfer = {.src = src,
                     .dst = dst,
                     .bytes = 200000 + below(loop, index, 0, 200000),
                     .sequence = (uint64_t)round},
        .after = {round ? before : -1, round ? received : -1}}; /* the first waits for none */
}

/* In the round before. */
static int index_of(const struct loop *loop, int round, int node)
{
    return (round - 1) * loop->nodes + node;
}

/* A step of an all-reduce waits for the step before: for what the node sent and what it received. */
static void add_allreduce(struct loop *loop, int round, const char *name)
{
    struct errors errors;
    errors_init(&errors);
    const struct collective *collective = collective_find("allreduce", name, "test", &errors);
    errors_release(&errors);
    struct call call = {.size = loop->nodes, .count = 1u << 20};
    for (call.rank = 0; call.rank < call.size; call.rank++) {
        struct step step, before = {.recv_from = -1};
        if (!collective->schedule.step(&call, round, &step) || step.send_to < 0)
            continue;
        if (round)
            collective->schedule.step(&call, round - 1, &before);
        send(loop, round, call.rank, step.send_to, index_of(loop, round, call.rank),
             before.recv_from < 0 ? -1 : index_of(loop, round, before.recv_from));
    }
}

static void ring(struct loop *loop, int round)
{
    add_allreduce(loop, round, "ring");
}

static void recursive_doubling(struct loop *loop, int round)
{
    add_allreduce(loop, round, "recursive_doubling");
}

static void halving_doubling(struct loop *loop, int round)
{
    add_allreduce(loop, round, "halving_doubling");
}

/* One outstanding message a node. */
static void all_to_all(struct loop *loop, int round)
{
    for (int src = 0; src < loop->nodes; src++)
        send(loop, round, src, (src + round + 1) % loop->nodes, index_of(loop, round, src), -1);
}

static void many_to_one(struct loop *loop, int round)
{
    for (int src = 1; src < loop->nodes; src++)
        send(loop, round, src, 0, index_of(loop, round, src), -1);
}

static void random_pairs(struct loop *loop, int round)
{
    for (int src = 0; src < loop->nodes; src++) {
        int away = 1 + (int)below(loop, round * loop->nodes + src, 1, (uint64_t)loop->nodes - 1);
        send(loop, round, src, (src + away) % loop->nodes, index_of(loop, round, src), -1);
    }
}

/* To the right and to the left in turn, when what the neighbour on that side sent has arrived. */
static void neighbours(struct loop *loop, int round)
{
    for (int src = 0; src < loop->nodes; src++) {
        int way = round % 2 ? loop->nodes - 1 : 1, other = (src + way) % loop->nodes;
        send(loop, round, src, other, index_of(loop, round, src), index_of(loop, round, other));
    }
}

static void (*const patterns[])(struct loop *loop, int round) = {
    ring, recursive_doubling, halving_doubling, all_to_all, many_to_one, random_pairs, neighbours};

/* ---- Running one ---- */

static void note_rate(void *context, struct transfer *transfer, double before_Bps, double rate_Bps)
{
    (void)context, (void)before_Bps;
    ((struct message *)transfer)->rate_Bps = rate_Bps;
}

static void sent(void *context, struct transfer *transfer)
{
    (void)context, (void)transfer;
}

static void delivered(void *context, struct transfer *transfer)
{
    (void)context;
    transfer->delivered = true;
}

static bool is_ready(const struct loop *loop, const struct message *message)
{
    for (int i = 0; i < 2; i++)
        if (message->after[i] >= 0 && !loop->messages[message->after[i]].transfer.delivered &&
            loop->messages[message->after[i]].transfer.bytes)
            return false;
    return message->transfer.bytes && !message->begun;
}

static void start_ready(struct loop *loop)
{
    for (int i = 0; i < loop->count; i++) {
        struct message *message = &loop->messages[i];
        if (!is_ready(loop, message))
            continue;
        message->begun = true;
        loop->model->ops->start(loop->model, &message->transfer, loop->now_ps);
    }
}

static void note_event(struct loop *loop)
{
    struct case_sets *sets = &loop->events->sets;
    int before = sets->count;
    for (int i = 0; i < loop->count; i++) {
        const struct message *message = &loop->messages[i];
        if (message->rate_Bps == 0)
            continue;
        int rates = sets->count;
        *vector_push(&loop->events->rates_Bps, &rates, loop->room) = message->rate_Bps;
        *vector_push(&sets->flows, &sets->count, &sets->room) = (struct case_flow){
            .set = sets->sets, .src = message->transfer.src, .dst = message->transfer.dst};
    }
    sets->sets += sets->count > before;
}

static void run(struct loop *loop)
{
    struct netmodel_sink sink = {loop, sent, delivered};
    struct netmodel_watch watch = {loop, note_rate};
    loop->model->watch = &watch;
    for (;;) {
        start_ready(loop);
        uint64_t next_ps = loop->model->ops->next(loop->model);
        note_event(loop);
        if (next_ps == TIME_NEVER)
            return;
        loop->now_ps = next_ps;
        loop->model->ops->advance(loop->model, next_ps, &sink);
    }
}

struct case_events case_events_of(const struct simgrid_case *one, const struct cluster *cluster)
{
    struct case_events events = {{0}, NULL};
    int room = 0;
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        struct loop loop = {.nodes = cluster->nodes,
                            .count = ROUNDS * cluster->nodes,
                            .model = netmodel_create(netmodel_named("flow"), cluster),
                            .draw = {.seed = 11,
                                     .purpose = PURPOSE_TEST,
                                     .step = (uint32_t)one->topology[0],
                                     .rank = (uint32_t)p},
                            .events = &events,
                            .room = &room};
        loop.messages = memory_zeroed((size_t)loop.count, sizeof *loop.messages);
        for (int round = 0; round < ROUNDS; round++)
            patterns[p](&loop, round);
        run(&loop);
        loop.model->ops->free(loop.model);
        free(loop.messages);
    }
    return events;
}
