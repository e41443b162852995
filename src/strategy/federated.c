#include "federated.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"

#include <stdlib.h>

enum { SERVER = 0, SERVERS = 1 };

static int client_of(const struct training *training)
{
    return training->point.replica - SERVERS;
}

static bool serves(const struct training *training)
{
    return training->point.replica == SERVER;
}

void federated_setup(struct federated *federated, struct rank *self, struct training *training,
                     size_t vectors)
{
    const struct plan *plan = training->plan;
    int clients = plan->mesh->shape.data - SERVERS, asked = plan->federated.clients;
    *federated = (struct federated){.group = plan->mesh->data[rank_id(self)],
                                    .clients = clients,
                                    .sampled = asked ? asked : clients,
                                    .floats = vectors * training->model->parameter_count};
    int returned = serves(training) ? federated->sampled : 0;
    federated->order = memory_zeroed((size_t)clients, sizeof *federated->order);
    federated->requests = memory_zeroed(2 * (size_t)returned + 2, sizeof *federated->requests);
    federated->returned = memory_zeroed((size_t)returned + 1, sizeof *federated->returned);
    for (int i = 0; i < returned; i++)
        federated->returned[i] =
            rank_alloc(self, MEMORY_COMMUNICATION, federated->floats * sizeof(float));
    if (!returned)
        federated->received =
            rank_alloc(self, MEMORY_COMMUNICATION, federated->floats * sizeof(float));
}

void federated_release(struct federated *federated)
{
    free(federated->order);
    free(federated->requests);
    free(federated->returned);
}

bool federated_sample(struct federated *federated, const struct training *training, size_t round)
{
    struct draw draw = {.seed = training->plan->exchange.seed,
                        .purpose = PURPOSE_SAMPLE,
                        .step = (uint32_t)round};
    bool mine = false;
    for (int i = 0; i < federated->clients; i++)
        federated->order[i] = i;
    for (int i = 0; i < federated->sampled; i++) {
        int left = federated->clients - i;
        int j = i + (int)draw_below(draw, (uint64_t)i, (uint32_t)left);
        int client = federated->order[j];
        federated->order[j] = federated->order[i];
        federated->order[i] = client;
        mine = mine || client == client_of(training);
    }
    return mine;
}

static double rows_of(const struct training *training, int client)
{
    return (double)partition_rows(training->plan->partition, client);
}

double federated_weight(const struct federated *federated, const struct training *training, int i)
{
    double sum = 0;
    for (int k = 0; k < federated->sampled; k++)
        sum += rows_of(training, federated->order[k]);
    return rows_of(training, federated->order[i]) / sum;
}

void federated_serve(struct rank *self, struct federated *federated, const float *sent)
{
    size_t bytes = federated->floats * sizeof(float);
    int count = federated->sampled;
    for (int i = 0; i < count; i++)
        federated->requests[i] =
            rank_post_send(self, federated->group, federated->order[i] + SERVERS, sent, bytes);
    for (int i = 0; i < count; i++)
        federated->requests[count + i] = rank_post_receive(
            self, federated->group, federated->order[i] + SERVERS, federated->returned[i], bytes);
    for (int i = 0; i < 2 * count; i++)
        rank_wait(self, federated->requests[i]);
}

void federated_receive(struct rank *self, struct federated *federated)
{
    rank_wait(self, rank_post_receive(self, federated->group, SERVER, federated->received,
                                      federated->floats * sizeof(float)));
}

void federated_return(struct rank *self, struct federated *federated, const float *sent)
{
    rank_wait(self, rank_post_send(self, federated->group, SERVER, sent,
                                   federated->floats * sizeof(float)));
}

static size_t minibatches(size_t rows, size_t batch)
{
    return (rows + batch - 1) / batch;
}

size_t federated_steps(const struct training *training)
{
    const struct federated_plan *plan = &training->plan->federated;
    size_t rows = partition_rows(training->plan->partition, client_of(training));
    return plan->epochs * minibatches(rows, plan->batch);
}

static double train_minibatch(struct rank *self, struct training *training, size_t position,
                              size_t count, struct federated_round round)
{
    struct model *model = training->model;
    struct share rows = {0, count};
    if (rank_is_real(self) && training->plan->loader)
        loader_fill_part(training->plan->loader, client_of(training), position, count,
                         model_input(model, rows), training->targets);
    model->row_weight = 1.0f / (float)count;
    model->dropout = (struct dropout_key){.seed = training->plan->exchange.seed,
                                          .step = (uint32_t)client_of(training),
                                          .row = position};
    model_forward(self, model, rows);
    double loss = model_loss(self, model, rows, training->targets, model->row_weight);
    model_backward(self, model, rows, true, true);
    if (round.edit)
        round.edit(self, training);
    optimizer_step(self, training->optimizer, model);
    training->rows_done += count;
    return loss * (double)count;
}

double federated_train(struct rank *self, struct training *training, struct federated_round round)
{
    const struct federated_plan *plan = &training->plan->federated;
    size_t rows = partition_rows(training->plan->partition, client_of(training));
    double loss = 0;
    optimizer_restart(training->optimizer, training->model);
    for (size_t epoch = 0; epoch < plan->epochs; epoch++)
        for (size_t at = 0; at < rows; at += plan->batch) {
            size_t count = rows - at < plan->batch ? rows - at : plan->batch;
            size_t position = (round.round * plan->epochs + epoch) * rows + at;
            loss += train_minibatch(self, training, position, count, round);
        }
    return loss / (double)(rows * plan->epochs) * round.weight;
}
