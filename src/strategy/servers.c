#include "servers.h"

#include "threadrack/base/memory.h"
#include "threadrack/comm/coding.h"
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

/* Of a worker. */
static void make_payloads(struct serving *serving, struct rank *self, const struct training *training)
{
    serving->payloads = memory_zeroed((size_t)serving->peers, sizeof *serving->payloads);
    for (int i = 0; i < serving->peers; i++)
        serving->payloads[i] = rank_alloc(self, MEMORY_COMMUNICATION,
                                          sizeof(uint32_t) * coding_words(serving->compressor,
                                                                          server_share(training->plan, i).count));
    if (serving->compressor->feedback)
        serving->left_out = rank_alloc(self, MEMORY_COMMUNICATION,
                                       training->model->parameter_count * sizeof *serving->left_out);
}

void serving_init(struct serving *serving, struct rank *self, const struct training *training)
{
    const struct plan *plan = training->plan;
    bool server = serves(training);
    int workers = plan->mesh->shape.data - plan->servers;
    *serving = (struct serving){.group = plan->mesh->data[rank_id(self)],
                                .peers = server ? workers : plan->servers,
                                .first = server ? plan->servers : 0,
                                .left = server ? 0 : plan->servers,
                                .seed = plan->exchange.seed};
    serving->sends = memory_zeroed((size_t)serving->peers, sizeof *serving->sends);
    serving->receives = memory_zeroed((size_t)serving->peers, sizeof *serving->receives);
    if (plan->exchange.compressor.ops != &compressor_none)
        serving->compressor = &plan->exchange.compressor;
    if (serving->compressor && !server)
        make_payloads(serving, self, training);
}

void serving_release(struct serving *serving)
{
    free(serving->sends);
    free(serving->receives);
    free(serving->payloads);
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

static struct range_key key_of(const struct serving *serving, int member, uint64_t iteration, struct share share)
{
    struct draw draw = {.seed = serving->seed,
                        .purpose = PURPOSE_COMPRESS,
                        .rank = (uint32_t)group_member_rank(serving->group, member),
                        .step = (uint32_t)iteration};
    return (struct range_key){.draw = draw, .at = share.begin};
}

/* ---- A server. ---- */

size_t serving_push_bytes(const struct serving *serving, const struct training *training)
{
    size_t count = training->model->parameter_count;
    return serving->compressor ? coding_words(serving->compressor, count) * sizeof(uint32_t) : count * sizeof(float);
}

static void add_floats(struct rank *self, const struct training *training, const float *pushed, bool first)
{
    const struct model *model = training->model;
    if (!rank_compute_begin(self, parameters_work(training, !first, first ? 2 : 3)))
        return;
    if (first)
        memcpy(model->gradients, pushed, model->parameter_count * sizeof *pushed);
    else
        math_add(model->parameter_count, model->gradients, pushed);
    rank_compute_end(self);
}

static void add_payload(struct rank *self, const struct training *training, const struct serving *serving,
                        struct push push, bool first)
{
    const struct model *model = training->model;
    size_t count = model->parameter_count;
    struct share share = server_share(training->plan, training->point.replica);
    if (!rank_compute_begin(self, coding_add_work(serving->compressor, count)))
        return;
    if (first)
        memset(model->gradients, 0, count * sizeof *model->gradients);
    coding_add(serving->compressor, key_of(serving, serving->first + push.worker, push.iteration, share), count,
               push.bytes, model->gradients);
    rank_compute_end(self);
}

void serving_add(struct rank *self, const struct training *training, const struct serving *serving,
                 struct push push, bool first)
{
    if (serving->compressor)
        add_payload(self, training, serving, push, first);
    else
        add_floats(self, training, push.bytes, first);
}

static void add_up_floats(struct rank *self, const struct training *training, void *const *pushed, int count)
{
    const struct model *model = training->model;
    if (!rank_compute_begin(self, parameters_work(training, (uint64_t)count - 1, (uint64_t)count + 1)))
        return;
    memcpy(model->gradients, pushed[0], model->parameter_count * sizeof *model->gradients);
    for (int i = 1; i < count; i++)
        math_add(model->parameter_count, model->gradients, pushed[i]);
    rank_compute_end(self);
}

void serving_settle(struct rank *self, const struct training *training, const struct serving *serving)
{
    bool settles = serving->compressor && serving->compressor->ops->settle;
    if (!settles || !rank_compute_begin(self, parameters_work(training, 1, 2)))
        return;
    serving->compressor->ops->settle(training->model->parameter_count, training->model->gradients);
    rank_compute_end(self);
}

void serving_add_up(struct rank *self, const struct training *training, const struct serving *serving,
                    void *const *pushed, uint64_t iteration)
{
    if (!serving->compressor) {
        add_up_floats(self, training, pushed, serving->peers);
        return;
    }
    for (int i = 0; i < serving->peers; i++)
        add_payload(self, training, serving, (struct push){i, iteration, pushed[i]}, i == 0);
    serving_settle(self, training, serving);
}

/* ---- A worker. ---- */

void serving_hand_over(struct rank *self, const struct training *training, struct serving *serving)
{
    for (int i = 0; i < serving->peers; i++)
        serving->sends[i] = serving_send(self, serving, i, training->model->parameters,
                                         server_share(training->plan, i));
    serving_wait(self, serving->sends, serving->peers);
}

static struct request push_payload(struct rank *self, const struct training *training,
                                   const struct serving *serving, int i)
{
    struct share share = server_share(training->plan, i);
    int own = group_rank(serving->group, self);
    float *gradients = training->model->gradients ? training->model->gradients + share.begin : NULL;
    float *left_out = serving->left_out ? serving->left_out + share.begin : NULL;
    coding_encode(self, serving->compressor, key_of(serving, own, serving->pushes, share), share.count, gradients,
                  left_out, serving->payloads[i]);
    return rank_post_send(self, serving->group, serving->first + i, serving->payloads[i],
                          coding_words(serving->compressor, share.count) * sizeof(uint32_t));
}

void serving_push(struct rank *self, const struct training *training, struct serving *serving,
                  size_t at)
{
    while (serving->left && server_share(training->plan, serving->left - 1).begin >= at) {
        int i = --serving->left;
        serving->sends[i] = serving->compressor
                                ? push_payload(self, training, serving, i)
                                : serving_send(self, serving, i, training->model->gradients,
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
    serving->pushes++;
}
