#include "servers.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <string.h>

struct share server_share(const struct plan *plan, int i)
{
    return share_of(model_parameter_count(plan->model), (size_t)plan->servers, (size_t)i);
}

bool serves(const struct training *training)
{
    return training->point.replica < training->plan->servers;
}

void serving_init(struct serving *serving, struct rank *self, const struct training *training)
{
    const struct plan *plan = training->plan;
    bool server = serves(training);
    int workers = plan->mesh->shape.data - plan->servers;
    *serving = (struct serving){.group = plan->mesh->data[rank_id(self)],
                                .peers = server ? workers : plan->servers,
                                .first = server ? plan->servers : 0,
                                .left = server ? 0 : plan->servers};
    serving->sends = memory_zeroed((size_t)serving->peers, sizeof *serving->sends);
    serving->receives = memory_zeroed((size_t)serving->peers, sizeof *serving->receives);
}

void serving_release(struct serving *serving)
{
    free(serving->sends);
    free(serving->receives);
}

struct request serving_send(struct rank *self, const struct serving *serving, int i,
                            const float *values, struct share share)
{
    return rank_post_send(self, serving->group, serving->first + i,
                          values ? values + share.begin : NULL, share.count * sizeof *values);
}

struct request serving_receive(struct rank *self, const struct serving *serving, int i, float *values,
                               struct share share)
{
    return rank_post_receive(self, serving->group, serving->first + i,
                             values ? values + share.begin : NULL, share.count * sizeof *values);
}

void serving_wait(struct rank *self, const struct request *requests, int count)
{
    for (int i = 0; i < count; i++)
        rank_wait(self, requests[i]);
}

struct share serving_whole(const struct training *training)
{
    return (struct share){0, training->model->parameter_count};
}

void serving_add_up(struct rank *self, const struct training *training, const struct serving *serving,
                    float *const *pushed)
{
    const struct model *model = training->model;
    uint64_t count = (uint64_t)serving->peers;
    if (!rank_compute_begin(self, parameters_work(training, count - 1, count + 1)))
        return;
    memcpy(model->gradients, pushed[0], model->parameter_count * sizeof *model->gradients);
    for (int i = 1; i < serving->peers; i++)
        math_add(model->parameter_count, model->gradients, pushed[i]);
    rank_compute_end(self);
}

void serving_hand_over(struct rank *self, const struct training *training, struct serving *serving)
{
    for (int i = 0; i < serving->peers; i++)
        serving->sends[i] = serving_send(self, serving, i, training->model->parameters,
                                         server_share(training->plan, i));
    serving_wait(self, serving->sends, serving->peers);
}

void serving_push(struct rank *self, const struct training *training, struct serving *serving,
                  size_t at)
{
    while (serving->left && server_share(training->plan, serving->left - 1).begin >= at) {
        int i = --serving->left;
        serving->sends[i] = serving_send(self, serving, i, training->model->gradients,
                                         server_share(training->plan, i));
    }
}

void serving_pull(struct rank *self, const struct training *training, struct serving *serving)
{
    for (int i = 0; i < serving->peers; i++)
        serving->receives[i] = serving_receive(self, serving, i, training->model->parameters,
                                               server_share(training->plan, i));
    serving_wait(self, serving->receives, serving->peers);
    serving_wait(self, serving->sends, serving->peers);
    serving->left = serving->peers;
}
