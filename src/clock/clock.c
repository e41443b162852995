#include "observe.h"

#include "feed.h"
#include "goal_write.h"
#include "resolver/pattern.h"

#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdlib.h>

struct clock *clock_create(const struct cluster *cluster, const struct netmodel_ops *netmodel,
                           int ranks)
{
    struct clock *clock = memory_zeroed(1, sizeof *clock);
    clock->cluster = cluster;
    clock->netmodel = netmodel_create(netmodel, cluster);
    clock->pace = pace_create(cluster, ranks);
    clock->rank_count = ranks;
    clock->calls = op_calls_create();
    clock->books = memory_lines(NULL, 0, (size_t)ranks * sizeof *clock->books);
    clock->edges = memory_zeroed((size_t)ranks, sizeof *clock->edges);
    clock->ranks = memory_zeroed((size_t)ranks, sizeof *clock->ranks);
    pthread_mutex_init(&clock->lock, NULL);
    for (int rank = 0; rank < ranks; rank++) {
        clock->edges[rank].lane_count = 1;
        *vector_push(&clock->idle, &clock->idle_count, &clock->idle_room) = rank;
    }
    return clock;
}

static void free_rank(struct rank_state *rank)
{
    free(rank->groups);
    graph_release(rank->graph);
}

void clock_forget_events(struct clock *clock)
{
    free(clock->ranks);
    free(clock->idle);
    clock->ranks = NULL;
    clock->idle = NULL;
    clock->idle_count = clock->idle_room = 0;
}

void clock_free(struct clock *clock)
{
    if (!clock)
        return;
    clock_settle(clock);
    dataflow_free(clock->flow);
    clock->netmodel->ops->free(clock->netmodel);
    pace_free(clock->pace);
    lanes_free(clock);
    for (int rank = 0; rank < clock->rank_count; rank++) {
        op_stream_free(clock->books[rank].stream);
        if (clock->ranks)
            free_rank(&clock->ranks[rank]);
    }
    for (int i = 0; i < clock->group_count; i++) {
        free(clock->groups[i]->members);
        free(clock->groups[i]->lane_bases);
        patterns_free(clock->groups[i]);
        gathering_free(clock->groups[i]);
        free(clock->groups[i]);
    }
    transfers_free(clock);
    heap_release(&clock->events);
    clock_forget_events(clock);
    free(clock->books);
    free(clock->edges);
    op_calls_free(clock->calls);
    free(clock->groups);
    free(clock->candidates);
    goal_writer_free(clock->writer);
    free(clock->questions);
    free(clock->turns);
    free(clock->unsettled);
    free(clock->marks);
    pthread_mutex_destroy(&clock->lock);
    free(clock);
}

void clock_set_noise(struct clock *clock, const struct noise *noise)
{
    pace_set_noise(clock->pace, noise);
    if (clock->flow)
        clock->flow->steady = pace_is_steady(clock->pace);
}

static int count_lanes(struct rank_edge *edge)
{
    int base = edge->lane_count;
    edge->lane_count += GROUP_LANES;
    if (edge->lane_count > OP_LANES_MOST)
        BUG("a rank belongs to more than %d groups", (OP_LANES_MOST - 1) / GROUP_LANES);
    return base;
}

static void make_lanes(struct rank_state *rank, int base, const struct group *group)
{
    size_t number = (size_t)base / GROUP_LANES;
    rank->groups = memory_resize(rank->groups, (number + 1) * sizeof *rank->groups);
    rank->groups[number] = (struct membership){.group = group};
}

static bool is_dense(const struct group *group)
{
    for (int i = 0; i < group->size; i++)
        if (group->members[i] != group->members[0] + i ||
            group->lane_bases[i] != group->lane_bases[0])
            return false;
    return true;
}

int clock_add_group(struct clock *clock, const int *members, int size, bool pipeline,
                    int *lane_bases)
{
    struct group *group = memory_zeroed(1, sizeof *group);
    group->size = size;
    group->pipeline = pipeline;
    group->members = memory_zeroed((size_t)size, sizeof *group->members);
    group->lane_bases = memory_zeroed((size_t)size, sizeof *group->lane_bases);
    for (int i = 0; i < size; i++) {
        group->members[i] = members[i];
        group->lane_bases[i] = lane_bases[i] = count_lanes(&clock->edges[members[i]]);
        if (!clock->flow)
            make_lanes(&clock->ranks[members[i]], lane_bases[i], group);
    }
    group->dense = is_dense(group);
    if (clock->flow)
        dataflow_add_group(clock->flow, group);
    if (clock->writer)
        goal_writer_add_group(clock->writer, group);
    *vector_push(&clock->groups, &clock->group_count, &clock->group_room) = group;
    return clock->group_count - 1;
}

void clock_name_group(struct clock *clock, int group, const char *name)
{
    clock->groups[group]->name = name;
}

enum { WORTH_RESOLVING = 192 };

void clock_keep_goal(struct clock *clock)
{
    clock->writer = goal_writer_create(clock->cluster, clock->rank_count);
}

bool clock_write_goal(const struct clock *clock, FILE *stream)
{
    return goal_writer_write(clock->writer, stream);
}

void clock_answer_with(struct clock *clock, struct clock_answers answers)
{
    clock->questions = memory_zeroed((size_t)clock->rank_count, sizeof *clock->questions);
    for (int rank = 0; rank < clock->rank_count; rank++)
        clock->questions[rank].peer = -1;
    clock->answers = answers;
}

void clock_use_threads(struct clock *clock, int threads)
{
    if (threads == 2)
        clock->feed = feed_create(clock);
}

void clock_settle(struct clock *clock)
{
    if (clock->feed)
        feed_end(clock->feed);
    clock->feed = NULL;
}

static __attribute__((noinline)) void stream_op(struct clock *clock, int rank, const struct op *op)
{
    if (clock->writer)
        goal_writer_take(clock->writer, rank, op);
    struct rank_book *book = &clock->books[rank];
    if (!book->stream)
        book->stream = op_stream_create();
    op_stream_append(book->stream, op, clock->calls);
    if (!clock->shared)
        clock->streamed = true;
}

void clock_take(struct clock *clock, int rank, const struct op *op)
{
    if (clock->flow && dataflow_takes(clock->flow, rank))
        dataflow_take(clock->flow, rank, op);
    else
        stream_op(clock, rank, op);
}

void clock_append(struct clock *clock, int rank, const struct op *op)
{
    if (clock->feed)
        feed_append(clock->feed, rank, op);
    else
        clock_take(clock, rank, op);
}

static __attribute__((noinline)) void append_compute(struct clock *clock, int rank, uint64_t duration_ps)
{
    clock_append(clock, rank, &(struct op){.kind = OP_COMPUTE, .value = duration_ps});
}

void clock_append_compute(struct clock *clock, int rank, uint64_t duration_ps)
{
    struct dataflow *flow = clock->flow;
    if (!clock->feed && flow && flow->steady && dataflow_is_ready(flow, rank))
        dataflow_compute_for(flow, rank, duration_ps);
    else
        append_compute(clock, rank, duration_ps);
}

bool clock_joins(struct clock *clock, int rank, int group, int lane, const struct schedule *schedule,
                 size_t count)
{
    struct dataflow *flow = clock->flow;
    if (clock->feed || !flow || !gathering_awaits(clock->groups[group], schedule, count) ||
        !dataflow_is_ready(flow, rank))
        return false;
    gathering_joined(flow, rank, clock->groups[group], lane);
    return true;
}

bool clock_is_behind(const struct clock *clock, int rank)
{
    return op_stream_backlog(clock->books[rank].stream) > WORTH_RESOLVING;
}

void clock_schedule(struct clock *clock, int rank, uint64_t time_ps, enum clock_event kind,
                    void *data)
{
    heap_push(&clock->events, (struct event){.time_ps = time_ps,
                                             .rank = (uint32_t)rank,
                                             .kind = kind,
                                             .sequence = clock->ranks[rank].sequence++,
                                             .data = data});
}

static void become_idle(struct clock *clock, int rank)
{
    clock->ranks[rank].state = COMPUTE_IDLE;
    *vector_push(&clock->idle, &clock->idle_count, &clock->idle_room) = rank;
}

void clock_wake(struct clock *clock, int rank)
{
    become_idle(clock, rank);
}

/* The rank's program goes on, and appends in this instant. */
static void answer(struct clock *clock, int rank, int peer)
{
    clock->questions[rank].open = false;
    clock->answers.tell(clock->answers.context, rank,
                        (struct answer){.peer = peer, .now_ps = clock->now_ps});
}

static void answer_with_peer(struct clock *clock, int rank)
{
    int peer = clock->questions[rank].peer;
    clock->questions[rank].peer = -1;
    answer(clock, rank, peer);
}

static void took_message(struct clock *clock, int rank, const struct lane *lane)
{
    if (clock->questions && lane->kind == LANE_RECEIVES)
        clock->questions[rank].peer = lane->item.peer;
}

void clock_lane_moved(struct clock *clock, int rank, const struct lane *lane)
{
    struct rank_state *state = &clock->ranks[rank];
    took_message(clock, rank, lane);
    if (state->state == COMPUTE_BLOCKED && lane->number == state->wait_lane &&
        lane->ended == state->wait_count) {
        observe_rank(clock, rank, SIGHT_WAIT_ENDS);
        if (clock->questions && clock->questions[rank].open)
            answer_with_peer(clock, rank);
        become_idle(clock, rank);
    }
}

static void time_is_up(struct clock *clock, int rank, uint64_t number)
{
    struct question *question = &clock->questions[rank];
    if (!question->open || question->number != number)
        return;
    account(clock, &clock->ranks[rank]);
    observe_rank(clock, rank, SIGHT_WAIT_ENDS);
    answer(clock, rank, -1);
    become_idle(clock, rank);
}

/* ---- What a rank's compute lane does with its next op; false: it does not go on at once. ---- */

static bool compute(struct clock *clock, int rank, uint64_t duration_ps)
{
    struct rank_state *state = &clock->ranks[rank];
    if (duration_ps == 0)
        return true;
    uint64_t begin_ps = clock->now_ps;
    if (state->cpu_free_ps > begin_ps) {
        state->stolen_ps += state->cpu_free_ps - begin_ps;
        begin_ps = state->cpu_free_ps;
    }
    state->state = COMPUTE_BUSY;
    state->busy_until_ps =
        begin_ps + pace_compute_ps(clock->pace, rank, begin_ps, duration_ps);
    clock_schedule(clock, rank, state->busy_until_ps, CLOCK_COMPUTED, NULL);
    observe_rank(clock, rank, SIGHT_COMPUTE_BEGINS);
    return false;
}

static bool wait_for(struct clock *clock, int rank, const struct op *op)
{
    struct rank_state *state = &clock->ranks[rank];
    uint32_t count = (uint32_t)op->value;
    if ((int32_t)(lane_ended(lane_place(state, op->lane)) - count) >= 0)
        return true;
    state->state = COMPUTE_BLOCKED;
    state->wait_lane = op->lane;
    state->wait_count = count;
    observe_rank(clock, rank, SIGHT_WAIT_BEGINS);
    return false;
}

/* Operations of the lane that have not ended. */
static uint32_t left_to_do(const struct lane_place *place)
{
    return place->lane ? (uint32_t)place->lane->count + place->lane->busy : 0;
}

static bool ask(struct clock *clock, int rank, const struct op *op)
{
    struct rank_state *state = &clock->ranks[rank];
    struct question *question = &clock->questions[rank];
    uint32_t left = op->lane ? left_to_do(lane_place(state, op->lane)) : 0;
    if (op->lane && left == 0) {
        answer_with_peer(clock, rank);
        return true;
    }
    if (op->lane == 0 || op->value <= clock->now_ps) {
        answer(clock, rank, -1);
        return true;
    }
    state->state = COMPUTE_BLOCKED;
    state->wait_lane = op->lane;
    state->wait_count = lane_place(state, op->lane)->lane->ended + left;
    question->open = true;
    question->number++;
    if (op->value < UINT64_MAX)
        clock_schedule(clock, rank, op->value, CLOCK_TIME_IS_UP,
                       (void *)(uintptr_t)question->number);
    observe_rank(clock, rank, SIGHT_WAIT_BEGINS);
    return false;
}

static bool ask_turn(struct clock *clock, int rank)
{
    clock->ranks[rank].state = COMPUTE_BLOCKED;
    clock->ranks[rank].wait_lane = 0;
    *vector_push(&clock->turns, &clock->turn_count, &clock->turn_room) = rank;
    return false;
}

/* To the lowest of those who wait; false: there is nobody. Call when all else of the instant is over. */
static bool give_turn(struct clock *clock)
{
    int best = 0;
    if (clock->turn_count == 0)
        return false;
    for (int i = 1; i < clock->turn_count; i++)
        best = clock->turns[i] < clock->turns[best] ? i : best;
    int rank = clock->turns[best];
    clock->turns[best] = clock->turns[--clock->turn_count];
    answer(clock, rank, -1);
    become_idle(clock, rank);
    return true;
}

void clock_mark(struct clock *clock, int index, uint64_t time_ps, uint64_t bytes_sent)
{
    if (index == clock->mark_count)
        vector_push(&clock->marks, &clock->mark_count, &clock->mark_room);
    struct mark *mark = &clock->marks[index];
    mark->end_ps = time_ps > mark->end_ps ? time_ps : mark->end_ps;
    mark->bytes_sent += bytes_sent;
    mark->ranks++;
}

static bool mark(struct clock *clock, int rank, const struct op *op)
{
    struct rank_state *self = &clock->ranks[rank];
    uint64_t bytes = clock->books[rank].record.bytes_sent;
    if (op->value == OP_ALONE) {
        self->marks++;
        return true;
    }
    bool all = op->value == OP_ALL;
    int first = all ? 0 : op->value ? (int)op->value : clock->rank_count;
    for (int other = first; other < clock->rank_count; other++)
        bytes += other == rank ? 0 : clock->books[other].record.bytes_sent;
    clock_mark(clock, all ? clock->mark_count : self->marks, clock->now_ps, bytes);
    self->marks++;
    return true;
}

static bool end(struct clock *clock, int rank)
{
    clock->ranks[rank].state = COMPUTE_ENDED;
    clock->edges[rank].ended_ps = clock->now_ps;
    clock->ended_count++;
    return false;
}

static bool post(struct clock *clock, int rank, const struct op *op)
{
    struct lane *lane = lane_get(clock, rank, op->lane);
    struct item item = {.unit_bytes = op->value, .peer = op->peer};
    if (op->kind == OP_SERVE) {
        item.peer = OP_ANY;
        item.serves = true;
    }
    if (op->kind == OP_COLLECTIVE) {
        item = (struct item){
            .schedule = op->schedule,
            .call = op_call(op, lane->group->size),
            .unit_bytes = op->element_bytes};
    }
    lane_post(clock, rank, lane, item);
    return true;
}

static bool take_op(struct clock *clock, int rank, const struct op *op)
{
    switch (op->kind) {
    case OP_COMPUTE:
        return compute(clock, rank, op->value);
    case OP_WAIT:
        return wait_for(clock, rank, op);
    case OP_MARK:
        return mark(clock, rank, op);
    case OP_END:
        return end(clock, rank);
    case OP_GRAPH:
        return graph_begin(clock, rank);
    case OP_ASK:
        return ask(clock, rank, op);
    case OP_TURN:
        return ask_turn(clock, rank);
    default:
        return post(clock, rank, op);
    }
}

/* Lets every idle rank act at the present instant. Those that remain idle are starved. */
static void drain(struct clock *clock)
{
    int starved = 0;
    for (int i = 0; i < clock->idle_count; i++) {
        int rank = clock->idle[i];
        struct op op;
        account(clock, &clock->ranks[rank]);
        bool goes_on = true, there = true;
        while (goes_on && (there = op_stream_take(clock->books[rank].stream, &op, clock->calls)))
            goes_on = take_op(clock, rank, &op);
        if (!there)
            clock->idle[starved++] = rank;
    }
    clock->idle_count = starved;
}

static int candidate_order(const void *a, const void *b)
{
    const struct transfer *left = *(struct transfer *const *)a, *right = *(struct transfer *const *)b;
    if (left->src != right->src)
        return left->src < right->src ? -1 : 1;
    return left->sequence < right->sequence ? -1 : left->sequence > right->sequence;
}

/* All of them became ready in this instant. */
static void start_transfers(struct clock *clock)
{
    if (clock->candidate_count > 1)
        qsort(clock->candidates, (size_t)clock->candidate_count, sizeof *clock->candidates,
              candidate_order);
    for (int i = 0; i < clock->candidate_count; i++)
        clock->netmodel->ops->start(clock->netmodel, clock->candidates[i], clock->now_ps);
    clock->candidate_count = 0;
}

static void handle(struct clock *clock, const struct event *event)
{
    int rank = (int)event->rank;
    if (event->kind == CLOCK_ADDED) {
        lane_added(clock, rank, event->data);
        return;
    }
    if (event->kind == CLOCK_TIME_IS_UP) {
        time_is_up(clock, rank, (uint64_t)(uintptr_t)event->data);
        return;
    }
    if (event->kind == CLOCK_GRAPH_CALC || event->kind == CLOCK_GRAPH_FREE) {
        graph_event(clock, event);
        return;
    }
    if (event->kind != CLOCK_COMPUTED) {
        message_event(clock, event);
        return;
    }
    account(clock, &clock->ranks[rank]);
    if (clock->ranks[rank].busy_until_ps > clock->now_ps) { /* overheads have put it off */
        clock_schedule(clock, rank, clock->ranks[rank].busy_until_ps, CLOCK_COMPUTED, NULL);
        return;
    }
    observe_rank(clock, rank, SIGHT_COMPUTE_ENDS);
    become_idle(clock, rank);
}

static void handle_events(struct clock *clock)
{
    while (heap_first(&clock->events) && heap_first(&clock->events)->time_ps == clock->now_ps) {
        struct event event = heap_pop(&clock->events);
        handle(clock, &event);
    }
}

static void resolve_by_events(struct clock *clock)
{
    struct netmodel_sink sink = {clock, message_sent, message_delivered};
    /* Where links are shared, an instant may be that of a thousand flows. */
    uint64_t least = clock->netmodel->ops->shares_links ? BEAT_WORK / 8 : 1, before = clock->messages;
    while (!clock->mismatch.there && clock_goes_on(clock, least + clock->messages - before)) {
        before = clock->messages;
        drain(clock);
        if (clock->idle_count > 0)
            return; /* a starved rank may still act in this instant */
        start_transfers(clock);
        const struct event *first = heap_first(&clock->events);
        uint64_t event_ps = first ? first->time_ps : TIME_NEVER;
        uint64_t network_ps = clock->netmodel->ops->next(clock->netmodel);
        uint64_t next_ps = event_ps < network_ps ? event_ps : network_ps;
        if (next_ps > clock->now_ps && (graph_settle(clock) || give_turn(clock)))
            continue;
        if (next_ps == TIME_NEVER) {
            clock->stuck = clock->ended_count < clock->rank_count;
            return;
        }
        clock->now_ps = next_ps;
        if (event_ps == next_ps)
            handle_events(clock);
        else
            clock->netmodel->ops->advance(clock->netmodel, next_ps, &sink);
    }
}

static void resolve(struct clock *clock)
{
    if (clock->stopped)
        return;
    if (clock->flow) {
        dataflow_resolve(clock->flow);
        clock->stuck = clock->flow->lost;
    } else {
        resolve_by_events(clock);
    }
    if (clock->ended_count < clock->rank_count)
        clock_beat(clock);
}

void clock_share(struct clock *clock)
{
    assert(!clock->streamed); /* what is streamed may need the calls */
    clock->shared = true;
    op_calls_free(clock->calls);
    clock->calls = NULL;
    for (int rank = 0; rank < clock->rank_count; rank++)
        if (!clock->books[rank].stream)
            clock->books[rank].stream = op_stream_create();
}

static void trim_streams(struct clock *clock)
{
    for (int rank = 0; rank < clock->rank_count; rank++)
        op_stream_trim(&clock->books[rank].stream);
    clock->streamed = false;
}

void clock_resolve_now(struct clock *clock)
{
    if (clock->questions) /* a rank sleeps until its answer comes, so nobody may leave it to others */
        pthread_mutex_lock(&clock->lock);
    else if (pthread_mutex_trylock(&clock->lock))
        return;
    resolve(clock);
    if (clock->streamed)
        trim_streams(clock);
    pthread_mutex_unlock(&clock->lock);
}

void clock_resolve(struct clock *clock)
{
    if (clock->feed)
        feed_resolve(clock->feed);
    else
        clock_resolve_now(clock);
}

bool clock_is_stuck(struct clock *clock)
{
    if (clock->feed)
        return feed_is_stuck(clock->feed);
    pthread_mutex_lock(&clock->lock);
    bool stuck = clock->stuck;
    pthread_mutex_unlock(&clock->lock);
    return stuck;
}

bool clock_finish(struct clock *clock)
{
    clock_settle(clock);
    pthread_mutex_lock(&clock->lock);
    resolve(clock);
    if (clock->flow && !clock->stopped)
        dataflow_finish(clock->flow);
    bool all = clock->ended_count == clock->rank_count && !clock->mismatch.there;
    for (int rank = 0; rank < clock->rank_count; rank++)
        if (clock->edges[rank].ended_ps > clock->length_ps)
            clock->length_ps = clock->edges[rank].ended_ps;
    pthread_mutex_unlock(&clock->lock);
    return all;
}

uint64_t clock_length_ps(const struct clock *clock)
{
    return clock->length_ps;
}

int clock_mark_count(const struct clock *clock)
{
    return clock->mark_count;
}

uint64_t clock_mark_ps(const struct clock *clock, int index)
{
    return clock->marks[index].end_ps;
}

uint64_t clock_mark_bytes(const struct clock *clock, int index)
{
    return clock->marks[index].bytes_sent;
}

uint64_t clock_messages(const struct clock *clock)
{
    return clock->messages;
}

int clock_worst_link(const struct clock *clock, int *factor)
{
    *factor = 0;
    return clock->netmodel->use ? link_use_worst(clock->netmodel->use, factor) : -1;
}
