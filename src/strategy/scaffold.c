/* SCAFFOLD (Karimireddy et al., ICML 2020, algorithm 1, option II): the server and every client keep a
 * control variate, the gradient that each expects; a client's steps are corrected by their difference.
 *
 *     client   g += c - c_i in each of K steps;   c_i' = c_i - c + (x - y) / (K lr)
 *     server   x += mean (y - x),   c += |S| / N mean (c_i' - c_i)       over the sampled S of N
 *
 * x is what the server sent, y what the client made of it. A message holds two vectors. */
#include "federated.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct own {
    struct federated federated; /* first: words take it for itself */
    float *control;             /* (parameters): c at the server, c_i at a client */
    float *sent;                /* (2 x parameters): x, c; or y - x, c_i' - c_i */
};

static void *setup(struct rank *self, struct training *training)
{
    struct own *own = memory_zeroed(1, sizeof *own);
    size_t bytes = training->model->parameter_count * sizeof(float);
    federated_setup(&own->federated, self, training, 2);
    own->control = rank_alloc(self, MEMORY_OPTIMIZER, bytes);
    own->sent = rank_alloc(self, MEMORY_COMMUNICATION, 2 * bytes);
    return own;
}

static void release(void *pointer)
{
    struct own *own = pointer;
    federated_release(&own->federated);
    free(own);
}

static void pack(struct rank *self, struct training *training, struct own *own)
{
    const struct model *model = training->model;
    size_t bytes = model->parameter_count * sizeof(float);
    if (!rank_compute_begin(self, parameters_work(training, 0, 4)))
        return;
    memcpy(own->sent, model->parameters, bytes);
    memcpy(own->sent + model->parameter_count, own->control, bytes);
    rank_compute_end(self);
}

static void serve(struct rank *self, struct training *training, struct own *own)
{
    struct federated *federated = &own->federated;
    struct model *model = training->model;
    size_t count = model->parameter_count, sampled = (size_t)federated->sampled;
    pack(self, training, own);
    federated_serve(self, federated, own->sent);
    if (!rank_compute_begin(self, parameters_work(training, 4 * sampled, 2 * sampled + 4)))
        return;
    float x_weight = 1.0f / (float)sampled, c_weight = 1.0f / (float)federated->clients;
    for (size_t i = 0; i < sampled; i++)
        for (size_t k = 0; k < count; k++) {
            model->parameters[k] += x_weight * federated->returned[i][k];
            own->control[k] += c_weight * federated->returned[i][count + k];
        }
    rank_compute_end(self);
}

static void correct(struct rank *self, struct training *training)
{
    const struct own *own = training->own;
    const struct model *model = training->model;
    const float *c = own->federated.received + model->parameter_count;
    if (!rank_compute_begin(self, parameters_work(training, 2, 4)))
        return;
    for (size_t k = 0; k < model->parameter_count; k++)
        model->gradients[k] += c[k] - own->control[k];
    rank_compute_end(self);
}

/* What goes back: y - x and c_i' - c_i; c_i becomes c_i'. */
static void settle(struct rank *self, struct training *training, struct own *own, double rate)
{
    const struct model *model = training->model;
    size_t count = model->parameter_count;
    const float *x = own->federated.received, *c = x + count;
    float scale = (float)(1 / ((double)federated_steps(training) * rate));
    if (!rank_compute_begin(self, parameters_work(training, 6, 7)))
        return;
    for (size_t k = 0; k < count; k++) {
        float moved = model->parameters[k] - x[k];
        float change = -c[k] - moved * scale;
        own->sent[k] = moved;
        own->sent[count + k] = change;
        own->control[k] += change;
    }
    rank_compute_end(self);
}

static double step(struct rank *self, struct training *training, size_t step)
{
    struct own *own = training->own;
    bool takes_part = federated_sample(&own->federated, training, step);
    training->rows_done = 0;
    if (training->point.replica == 0)
        serve(self, training, own);
    if (training->point.replica == 0 || !takes_part)
        return 0;
    federated_receive(self, &own->federated);
    copy_parameters(self, training, training->model->parameters, own->federated.received);
    double loss = federated_train(self, training,
                                  (struct federated_round){.round = step,
                                                           .weight = 1.0 / own->federated.sampled,
                                                           .edit = correct});
    settle(self, training, own, plan_rate(training->plan, step));
    federated_return(self, &own->federated, own->sent);
    return loss;
}

const struct strategy strategy_scaffold = {
    .name = "scaffold",
    .summary = "fedavg whose clients' steps are corrected by control variates against drift",
    .options = "partition, federated.clients, federated.epochs, federated.batch",
    .spreads_data = true,
    .updates_alone = true,
    .has_server = true,
    .edits_gradients = true,
    .step = step,
    .setup = setup,
    .release = release,
};
