/* Parameter servers (Li et al.: Scaling distributed machine learning with the parameter server, OSDI 2014),
 * synchronous. The first `servers` ranks hold the parameters in contiguous shares, which need not be
 * whole tensors; the others, the workers, have the model and share the batch:
 *
 *     worker   push each share's gradients, behind the rest of the backward pass     pull the parameters
 *     server   add the workers' gradients up in rank order, update the share         send it to each
 *
 * Gradients are sums over the global batch as everywhere, so that it is data parallelism. Every message is
 * from or to a server, whose port is the bottleneck. In the first step the first worker hands each server
 * its share, as it has the weights. What is pushed may be compressed; what is pulled never is. */
#include "servers.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct own {
    struct serving serving;
    void **pushed; /* (peers): at a server, what workers push */
};

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    serving_init(&own->serving, self, training);
    own->pushed = memory_zeroed((size_t)own->serving.peers, sizeof *own->pushed);
    for (int i = 0; i < own->serving.peers && serves(training); i++)
        own->pushed[i] =
            rank_alloc(self, MEMORY_COMMUNICATION, serving_push_bytes(&own->serving, training));
    return own;
}

static void release(void *pointer)
{
    struct own *own = pointer;
    serving_release(&own->serving);
    free(own->pushed);
    free(own);
}

/* ---- A worker. ---- */

static void gradient_ready(void *context, struct rank *self, size_t at, size_t count)
{
    const struct training *training = context;
    struct own *own = training->own;
    (void)count;
    serving_push(self, training, &own->serving, at);
}

static double work(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    if (step == 0 && training->point.replica == training->plan->servers)
        serving_hand_over(self, training, &own->serving);
    double loss = train_in_turn(self, training, step); /* pushes */
    serving_push(self, training, &own->serving, 0);
    serving_pull(self, training, &own->serving);
    return loss;
}

/* ---- A server. ---- */

static double serve(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    struct serving *to = &own->serving;
    struct share whole = serving_whole(training);
    if (step == 0)
        rank_wait(self, serving_receive(self, to, 0, training->model->parameters, whole));
    for (int i = 0; i < to->peers; i++)
        to->receives[i] = rank_post_receive(self, to->group, to->first + i, own->pushed[i],
                                            serving_push_bytes(to, training));
    serving_wait(self, to->receives, to->peers);
    serving_add_up(self, training, to, own->pushed, step);
    optimizer_step(self, training->optimizer, training->model);
    for (int i = 0; i < to->peers; i++)
        to->sends[i] = serving_send(self, to, i, training->model->parameters, whole);
    serving_wait(self, to->sends, to->peers);
    return 0;
}

static double step(struct rank *self, struct training *training, size_t step)
{
    return (serves(training) ? serve : work)(self, training, step);
}

const struct strategy strategy_parameter_server = {
    .name = "parameter_server",
    .summary = "servers have the parameters in shares; workers push gradients and pull parameters",
    .options = "servers, compress, shares, microbatches, partition",
    .spreads_data = true,
    .serves_shares = true,
    .step = step,
    .gradient_ready = gradient_ready,
    .setup = setup,
    .release = release,
};
