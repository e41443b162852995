/* Gossip (D-PSGD, Lian et al.: Can decentralized algorithms outperform centralized algorithms?, NeurIPS
 * 2017): in every step each node mixes its parameters with its neighbours', by the doubly stochastic W of
 * a graph, and takes a step on its own rows:
 *
 *     mix=before   x_i = sum_j W_ij x_j - update(gradient at x_i)    neighbours' messages overlap with it
 *     mix=after    x_i = sum_j W_ij (x_j - update(gradient at x_j))
 *
 * Neighbours and a node itself weigh the same. On a full graph mix=after is data parallelism, for plain
 * SGD. */
#include "graphs.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>

struct own {
    struct group *group;
    int graph;
    float *sent;                   /* (parameters): as they were when they were sent */
    float *heard[MOST_NEIGHBOURS]; /* (parameters) each */
    struct neighbours neighbours;
    struct request sends[MOST_NEIGHBOURS], receives[MOST_NEIGHBOURS];
};

/* Buffers for what is heard: on a full graph one, for the sum of all. */
static int most_heard(int graph, int size)
{
    struct neighbours all = {0};
    if (size == 1)
        return 0;
    if (graph == GRAPH_FULL)
        return 1;
    graph_neighbours(graph, size, 0, 0, &all);
    return all.count;
}

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    size_t bytes = training->model->parameter_count * sizeof(float);
    own->group = training->replicas.group;
    own->graph = training->plan->local.graph;
    int count = most_heard(own->graph, group_size(own->group));
    if (count)
        own->sent = rank_alloc(self, MEMORY_COMMUNICATION, bytes);
    for (int i = 0; i < count; i++)
        own->heard[i] = rank_alloc(self, MEMORY_COMMUNICATION, bytes);
    return own;
}

static void post_to_neighbours(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    size_t bytes = training->model->parameter_count * sizeof(float);
    struct neighbours *all = &own->neighbours;
    *all = (struct neighbours){0};
    graph_neighbours(own->graph, group_size(own->group), group_rank(own->group, self), step, all);
    for (int i = 0; i < all->count; i++)
        own->receives[i] = rank_post_receive(self, own->group, all->from[i], own->heard[i], bytes);
    for (int i = 0; i < all->count; i++)
        own->sends[i] = rank_post_send(self, own->group, all->to[i], own->sent, bytes);
}

static void post(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    const struct model *model = training->model;
    copy_parameters(self, training, own->sent, model->parameters);
    if (own->graph != GRAPH_FULL) {
        post_to_neighbours(self, training, step);
        return;
    }
    copy_parameters(self, training, own->heard[0], model->parameters);
    own->receives[0] = allreduce_post(&training->replicas, own->heard[0], model->parameter_count);
}

/* x += mean of what was heard and sent - sent: what a step has added to x since then stays. */
static void mix(struct rank *self, struct training *training)
{
    const struct own *own = training->own;
    bool full = own->graph == GRAPH_FULL;
    int count = full ? 1 : own->neighbours.count;
    struct model *model = training->model;
    if (!rank_compute_begin(self, parameters_work(training, (uint64_t)count + 3, (uint64_t)count + 3)))
        return;
    float weight = 1.0f / (float)(full ? group_size(own->group) : count + 1);
    for (size_t i = 0; i < model->parameter_count; i++) {
        float sum = full ? 0 : own->sent[i];
        for (int k = 0; k < count; k++)
            sum += own->heard[k][i];
        model->parameters[i] += weight * sum - own->sent[i];
    }
    rank_compute_end(self);
}

static void finish(struct rank *self, struct training *training)
{
    struct own *own = training->own;
    int count = own->graph == GRAPH_FULL ? 1 : own->neighbours.count;
    for (int i = 0; i < count; i++)
        rank_wait(self, own->receives[i]);
    mix(self, training);
    for (int i = 0; i < own->neighbours.count; i++)
        rank_wait(self, own->sends[i]);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    const struct own *own = training->own;
    bool before = !training->plan->local.mix_after, alone = group_size(own->group) == 1;
    if (before && !alone)
        post(self, training, step);
    double loss = train_alone(self, training, step);
    if (!before && !alone)
        post(self, training, step);
    if (!alone)
        finish(self, training);
    return loss;
}

const struct strategy strategy_gossip = {
    .name = "gossip",
    .summary = "nodes mix their parameters with a few neighbours' in every step (D-PSGD)",
    .options = "gossip.graph, gossip.mix, allreduce, shares, microbatches, partition",
    .spreads_data = true,
    .updates_alone = true,
    .step = step,
    .setup = setup,
    .release = free,
};
