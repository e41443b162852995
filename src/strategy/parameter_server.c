/* Parameter servers (Li et al.: Scaling distributed machine learning with the parameter server, OSDI 2014),
 * synchronous. The first `servers` ranks hold the parameters in contiguous shares, which need not be
 * whole tensors; the others, the workers, have the model and share the batch:
 *
 *     worker   push each share's gradients, behind the rest of the backward pass     pull the parameters
 *     server   add the workers' gradients up in rank order, update the share         send it to each
 *
 * Gradients are sums over the global batch as everywhere, so that it is data parallelism. Every message is
 * from or to a server, whose port is the bottleneck. In the first step the first worker hands each server
 * its share, as it has the weights. */
#include "words.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

struct own {
    struct group *group;    /* of all ranks */
    int peers;              /* workers of a server, servers of a worker */
    int first;              /* of them in the group */
    struct request *sends;  /* (peers) */
    struct request *receives;
    float **pushed;         /* (peers) of (share): gradients, at a server */
    int left;               /* servers that the worker has not pushed to in this step */
};

struct share server_share(const struct plan *plan, int i)
{
    return share_of(model_parameter_count(plan->model), (size_t)plan->servers, (size_t)i);
}

static bool serves(const struct training *training)
{
    return training->point.replica < training->plan->servers;
}

static void *setup(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    bool server = serves(training);
    int workers = plan->mesh->shape.data - plan->servers;
    struct own *own = memory_zeroed(1, sizeof *own);
    *own = (struct own){.group = plan->mesh->data[rank_id(self)],
                        .peers = server ? workers : plan->servers,
                        .first = server ? plan->servers : 0,
                        .left = server ? 0 : plan->servers};
    own->sends = memory_zeroed((size_t)own->peers, sizeof *own->sends);
    own->receives = memory_zeroed((size_t)own->peers, sizeof *own->receives);
    own->pushed = memory_zeroed((size_t)own->peers, sizeof *own->pushed);
    for (int i = 0; i < own->peers && server; i++)
        own->pushed[i] = rank_alloc(self, MEMORY_COMMUNICATION,
                                    training->model->parameter_count * sizeof(float));
    return own;
}

static void release(void *pointer)
{
    struct own *own = pointer;
    free(own->sends);
    free(own->receives);
    free(own->pushed);
    free(own);
}

static struct request send(struct rank *self, const struct own *own, int i, const float *values,
                           struct share share)
{
    return rank_post_send(self, own->group, own->first + i, values ? values + share.begin : NULL,
                          share.count * sizeof *values);
}

static struct request receive(struct rank *self, const struct own *own, int i, float *values,
                              struct share share)
{
    return rank_post_receive(self, own->group, own->first + i, values ? values + share.begin : NULL,
                             share.count * sizeof *values);
}

static void wait_for(struct rank *self, const struct request *requests, int count)
{
    for (int i = 0; i < count; i++)
        rank_wait(self, requests[i]);
}

/* ---- A worker. ---- */

void servers_gradient_ready(void *context, struct rank *self, size_t at, size_t count)
{
    const struct training *training = context;
    struct own *own = training->own;
    (void)count;
    while (own->left && server_share(training->plan, own->left - 1).begin >= at) {
        int i = --own->left;
        own->sends[i] =
            send(self, own, i, training->model->gradients, server_share(training->plan, i));
    }
}

static void hand_over(struct rank *self, const struct training *training)
{
    struct own *own = training->own;
    for (int i = 0; i < own->peers; i++)
        own->sends[i] =
            send(self, own, i, training->model->parameters, server_share(training->plan, i));
    wait_for(self, own->sends, own->peers);
}

static double work(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    if (step == 0 && training->point.replica == training->plan->servers)
        hand_over(self, training);
    own->left = own->peers;
    load_batch(self, training, step);
    double loss = train_in_turn(self, training); /* pushes */
    servers_gradient_ready(training, self, 0, 0);
    for (int i = 0; i < own->peers; i++)
        own->receives[i] =
            receive(self, own, i, training->model->parameters, server_share(training->plan, i));
    wait_for(self, own->receives, own->peers);
    wait_for(self, own->sends, own->peers);
    return loss;
}

/* ---- A server. ---- */

static struct share whole(const struct training *training)
{
    return (struct share){0, training->model->parameter_count};
}

/* The first worker's are copied, the others' added, in one pass. */
static void add_up(struct rank *self, const struct training *training)
{
    const struct own *own = training->own;
    const struct model *model = training->model;
    uint64_t count = (uint64_t)own->peers;
    if (!rank_compute_begin(self, parameters_work(training, count - 1, count + 1)))
        return;
    memcpy(model->gradients, own->pushed[0], model->parameter_count * sizeof *model->gradients);
    for (int i = 1; i < own->peers; i++)
        math_add(model->parameter_count, model->gradients, own->pushed[i]);
    rank_compute_end(self);
}

static double serve(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    if (step == 0)
        rank_wait(self, receive(self, own, 0, training->model->parameters, whole(training)));
    for (int i = 0; i < own->peers; i++)
        own->receives[i] = receive(self, own, i, own->pushed[i], whole(training));
    wait_for(self, own->receives, own->peers);
    add_up(self, training);
    optimizer_step(self, training->optimizer, training->model);
    for (int i = 0; i < own->peers; i++)
        own->sends[i] = send(self, own, i, training->model->parameters, whole(training));
    wait_for(self, own->sends, own->peers);
    return 0;
}

static double step(struct rank *self, struct training *training, size_t step)
{
    return (serves(training) ? serve : work)(self, training, step);
}

const struct strategy strategy_parameter_server = {
    .name = "parameter_server",
    .summary = "servers have the parameters in shares; workers push gradients and pull parameters",
    .options = "servers, shares, microbatches, partition",
    .spreads_data = true,
    .serves_shares = true,
    .step = step,
    .setup = setup,
    .release = release,
};
