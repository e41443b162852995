/* Asynchronous gossip (AD-PSGD, Lian et al.: Asynchronous decentralized parallel stochastic gradient descent,
 * ICML 2018). Each node goes on by itself:
 *
 *     gradient at x_i;     x_i, x_j = (x_i + x_j) / 2 with a neighbour drawn anew;     x_i = x_i - update(gradient)
 *
 * Nodes are active or passive, and edges join one of each, so that nobody waits in a circle (their section 4.1). An
 * active node sends its parameters, which nobody else changes, when it begins with a gradient, and so does not wait
 * if the answer is there when it has it. A passive one answers on its communication lane while it computes:
 *
 *     active     send x_i; gradient at x_i; wait for x_j; average; update
 *     passive    gradient at a copy of x_j; take x_j as it has become; update; x_j becomes that
 *     its lane   x_i comes: send x_j, average
 *
 * So a gradient's staleness is how many averages its node's parameters have gone through since it was begun. */
#include "graphs.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

struct own {
    struct group *group;
    bool alone, active;
    size_t iteration;
    float *heard;  /* (parameters) */
    float *shared; /* (parameters) of a passive node: x_j, while the model has the copy */
    size_t count;
    uint64_t answered; /* by a passive node, when it took the copy */
    struct inquiry inquiry;
};

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    const int graph = training->plan->local.graph;
    own->group = training->replicas.group;
    own->count = training->model->parameter_count;
    int size = group_size(own->group);
    own->alone = size == 1;
    if (own->alone)
        return own;
    own->active = graph_is_active(graph, size, group_rank(own->group, self));
    own->heard = rank_alloc(self, MEMORY_COMMUNICATION, own->count * sizeof *own->heard);
    if (!own->active)
        own->shared = rank_alloc(self, MEMORY_PARAMETERS, own->count * sizeof *own->shared);
    return own;
}

static void average(const struct own *own, float *parameters)
{
    math_add(own->count, parameters, own->heard);
    math_scale(own->count, parameters, 0.5f);
}

/* Of a passive node's lane. */
static void answer(void *context, const void *question, void *answer)
{
    const struct own *own = context;
    size_t bytes = own->count * sizeof *own->heard;
    memcpy(own->heard, question, bytes);
    memcpy(answer, own->shared, bytes);
    average(own, own->shared);
}

static void begin(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    rank_share(self, answer, own);
    training->present = training->model->parameters;
    if (own->alone || own->active)
        return;
    if (rank_is_real(self))
        memcpy(own->shared, training->model->parameters, own->count * sizeof *own->shared);
    training->present = own->shared;
    rank_serve(self, own->group, own->count * sizeof(float));
}

static void ask_somebody(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    int member = group_rank(own->group, self), size = group_size(own->group);
    struct draw draw = {.seed = training->plan->exchange.seed,
                        .purpose = PURPOSE_GOSSIP,
                        .rank = (uint32_t)member,
                        .step = (uint32_t)own->iteration};
    int peer = graph_draw_neighbour(training->plan->local.graph, size, member, draw);
    rank_post_inquiry(self, &own->inquiry, own->group, peer, training->model->parameters, own->heard,
                      own->count * sizeof(float));
}

static void take_answer(struct rank *self, struct training *training)
{
    const struct own *own = training->own;
    if (!rank_compute_begin(self, parameters_work(training, 2, 3)))
        return;
    average(own, training->model->parameters);
    rank_compute_end(self);
}

/* What others do at the time goes before it. */
static void update(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    bool passive = !own->alone && !own->active;
    uint64_t answered = rank_hold(self);
    training->averages = own->alone ? 0 : passive ? answered - own->answered : 1;
    own->answered = answered;
    if (passive)
        copy_parameters(self, training, training->model->parameters, own->shared);
    else if (!own->alone)
        take_answer(self, training);
    optimizer_step(self, training->optimizer, training->model);
    if (passive)
        copy_parameters(self, training, own->shared, training->model->parameters);
    rank_let_go(self);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    (void)step; /* of all; the rows are by its own count */
    if (own->iteration == 0)
        begin(self, training);
    bool asks = !own->alone && own->active;
    if (asks)
        ask_somebody(self, training);
    double loss = train_in_turn(self, training, own->iteration++);
    if (asks)
        rank_wait_answer(self, &own->inquiry);
    else
        rank_now(self);
    update(self, training);
    return loss;
}

const struct strategy strategy_async_gossip = {
    .name = "async_gossip",
    .summary = "nodes go on by themselves and average with one neighbour at a time (AD-PSGD)",
    .options = "gossip.graph, shares, microbatches, partition",
    .spreads_data = true,
    .updates_alone = true,
    .runs_free = true,
    .applies_each = true,
    .edits_gradients = true,
    .step = step,
    .setup = setup,
    .release = free,
};
