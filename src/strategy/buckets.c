#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static void close_bucket(struct buckets *buckets, struct share *open, size_t end)
{
    if (open->count)
        *vector_push(&buckets->ranges, &buckets->count, &buckets->room) = *open;
    *open = (struct share){.begin = end};
}

/* Whole layers, or their experts, from the last on, until they hold `bucket` bytes; what does not lie
 * next to each other is apart. */
static void cut(struct buckets *buckets, const struct model *model, size_t bucket_floats,
                struct share (*range_of)(const struct model *model, int i))
{
    struct share open = {.begin = model->parameter_count};
    for (int i = model->part_count - 1; i >= 0; i--) {
        struct share part = range_of(model, i);
        if (!part.count)
            continue;
        if (part.begin + part.count != open.begin)
            close_bucket(buckets, &open, part.begin + part.count);
        open = (struct share){part.begin, open.count + part.count};
        if (open.count >= bucket_floats)
            close_bucket(buckets, &open, part.begin);
    }
    close_bucket(buckets, &open, 0);
}

static struct matrix *matrices_of(const struct model *model)
{
    struct matrix *matrices = memory_zeroed((size_t)model->tensor_count + 1, sizeof *matrices);
    for (int i = 0; i < model->tensor_count; i++) {
        const struct model_tensor *tensor = &model->tensors[i];
        matrices[i] = (struct matrix){.at = tensor->at,
                                      .rows = tensor->blocks * tensor->rows.count,
                                      .columns = tensor->columns.count};
    }
    return matrices;
}

/* Of each range the block that a reduce-scatter leaves here. */
static struct sharding *share_out(const struct buckets *buckets, struct group *replicas, int member)
{
    struct sharding *sharding = memory_zeroed(1, sizeof *sharding);
    size_t size = (size_t)group_size(replicas);
    sharding->shares = memory_zeroed((size_t)buckets->count + 1, sizeof *sharding->shares);
    sharding->gathers = memory_zeroed((size_t)buckets->count + 1, sizeof *sharding->gathers);
    for (int i = 0; i < buckets->count; i++) {
        struct share block = share_of(buckets->ranges[i].count, size, (size_t)member);
        sharding->shares[i] = (struct share){buckets->ranges[i].begin + block.begin, block.count};
    }
    return sharding;
}

void buckets_cut(struct buckets *buckets, struct rank *self, const struct training *training)
{
    const struct plan *plan = training->plan;
    struct group *replicas = plan->mesh->replicas[rank_id(self)];
    *buckets = (struct buckets){0};
    cut(buckets, training->model, plan->bucket_bytes / sizeof(float), model_part_range);
    if (!plan->zero)
        return;
    buckets->sharding = share_out(buckets, replicas, training->point.replica);
    allreduce_init(&buckets->sharding->gather, self, replicas, plan->gather);
}

static void open_exchange(struct buckets *buckets, struct rank *self, const struct training *training,
                          struct group *group)
{
    const struct model *model = training->model;
    struct matrix *matrices = matrices_of(model);
    buckets->exchange = exchange_create(self, group, &training->plan->exchange,
                                        &(struct gradients){.values = model->gradients,
                                                            .floats = model->parameter_count,
                                                            .matrices = matrices,
                                                            .matrix_count = model->tensor_count,
                                                            .ranges = buckets->ranges,
                                                            .range_count = buckets->count});
    free(matrices);
}

void buckets_init(struct training *training, struct rank *self)
{
    const struct plan *plan = training->plan;
    struct buckets *experts = &training->expert_buckets;
    open_exchange(&training->buckets, self, training, plan->mesh->replicas[rank_id(self)]);
    cut(experts, training->model, plan->bucket_bytes / sizeof(float), model_expert_range);
    if (experts->count)
        open_exchange(experts, self, training, plan->mesh->data[rank_id(self)]);
}

void buckets_release(struct buckets *buckets)
{
    exchange_free(buckets->exchange);
    free(buckets->ranges);
    if (buckets->sharding) {
        free(buckets->sharding->shares);
        free(buckets->sharding->gathers);
    }
    free(buckets->sharding);
}

static void post_if_begun(struct buckets *buckets, size_t at)
{
    if (buckets->next < buckets->count && buckets->ranges[buckets->next].begin == at)
        exchange_post(buckets->exchange, buckets->next++);
}

void bucket_gradient_ready(void *context, struct rank *self, size_t at, size_t count)
{
    struct training *training = context;
    (void)self;
    (void)count;
    post_if_begun(&training->buckets, at);
    post_if_begun(&training->expert_buckets, at);
}

static void wait_for_sums(struct buckets *buckets)
{
    if (buckets->exchange)
        exchange_wait(buckets->exchange);
    buckets->next = 0;
}

static void update_shares(struct rank *self, struct training *training)
{
    struct buckets *buckets = &training->buckets;
    struct sharding *sharding = buckets->sharding;
    const struct model *model = training->model;
    for (int i = 0; i < buckets->count; i++) {
        struct share range = buckets->ranges[i];
        optimizer_step_share(self, training->optimizer, model, i);
        float *parameters = model->parameters ? model->parameters + range.begin : NULL;
        if (range.count)
            sharding->gathers[i] = allreduce_post(&sharding->gather, parameters, range.count);
    }
    optimizer_end_shares(training->optimizer);
    for (int i = 0; i < buckets->count; i++)
        if (buckets->ranges[i].count)
            rank_wait(self, sharding->gathers[i]);
}

void update_together(struct rank *self, struct training *training)
{
    wait_for_sums(&training->buckets);
    wait_for_sums(&training->expert_buckets);
    if (training->buckets.sharding)
        update_shares(self, training);
    else
        optimizer_step(self, training->optimizer, training->model);
}
