/* Federated averaging (McMahan et al., AISTATS 2017): the server's next model is the mean of the sampled
 * clients', weighted by their rows. FedProx (Li et al., MLSys 2020) adds mu (x - x of the server) to a
 * client's gradients, so that it does not drift far. */
#include "federated.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

static void *setup(struct rank *self, struct training *training)
{
    struct federated *own = memory_zeroed(1, sizeof *own);
    federated_setup(own, self, training, 1);
    return own;
}

static void release(void *own)
{
    federated_release(own);
    free(own);
}

static void average(struct rank *self, struct training *training, const struct federated *own)
{
    struct model *model = training->model;
    uint64_t count = (uint64_t)own->sampled;
    if (!rank_compute_begin(self, parameters_work(training, 2 * count, count + 1)))
        return;
    memset(model->parameters, 0, model->parameter_count * sizeof *model->parameters);
    for (int i = 0; i < own->sampled; i++) {
        float weight = (float)federated_weight(own, training, i);
        for (size_t k = 0; k < model->parameter_count; k++)
            model->parameters[k] += weight * own->returned[i][k];
    }
    rank_compute_end(self);
}

static double weight_of(const struct federated *own, const struct training *training)
{
    for (int i = 0; i < own->sampled; i++)
        if (own->order[i] + training->plan->servers == training->point.replica)
            return federated_weight(own, training, i);
    return 0;
}

static double do_round(struct rank *self, struct training *training, size_t step,
                       void (*edit)(struct rank *, struct training *))
{
    struct federated *own = training->own;
    bool takes_part = federated_sample(own, training, step);
    training->rows_done = 0;
    if (training->point.replica == 0) {
        federated_serve(self, own, training->model->parameters);
        average(self, training, own);
        return 0;
    }
    if (!takes_part)
        return 0;
    federated_receive(self, own);
    copy_parameters(self, training, training->model->parameters, own->received);
    double loss = federated_train(
        self, training,
        (struct federated_round){.round = step, .weight = weight_of(own, training), .edit = edit});
    federated_return(self, own, training->model->parameters);
    return loss;
}

static double step(struct rank *self, struct training *training, size_t step)
{
    return do_round(self, training, step, NULL);
}

const struct strategy strategy_fedavg = {
    .name = "fedavg",
    .summary = "a server averages what sampled clients make of its model on their own rows",
    .options = "partition, federated.clients, federated.epochs, federated.batch",
    .spreads_data = true,
    .updates_alone = true,
    .has_server = true,
    .step = step,
    .setup = setup,
    .release = release,
};

static void pull_back(struct rank *self, struct training *training)
{
    const struct federated *own = training->own;
    const struct model *model = training->model;
    float mu = (float)training->plan->federated.mu;
    if (!rank_compute_begin(self, parameters_work(training, 3, 4)))
        return;
    for (size_t i = 0; i < model->parameter_count; i++)
        model->gradients[i] += mu * (model->parameters[i] - own->received[i]);
    rank_compute_end(self);
}

static double proximal_step(struct rank *self, struct training *training, size_t step)
{
    return do_round(self, training, step, pull_back);
}

const struct strategy strategy_fedprox = {
    .name = "fedprox",
    .summary = "fedavg whose clients are pulled back towards the server's model",
    .options = "partition, federated.clients, federated.epochs, federated.batch, federated.mu",
    .spreads_data = true,
    .updates_alone = true,
    .has_server = true,
    .edits_gradients = true,
    .step = proximal_step,
    .setup = setup,
    .release = release,
};
