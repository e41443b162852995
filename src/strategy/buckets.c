#include "sharding.h"
#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static void close_bucket(struct buckets *buckets, struct share *open, size_t end)
{
    if (open->count)
        *vector_push(&buckets->ranges, &buckets->count, &buckets->room) = *open;
    *open = (struct share){.begin = end};
}

/* A piece of a bucket, below what is open; what does not lie next to it is apart. */
static void add_piece(struct buckets *buckets, struct share *open, struct share piece, size_t least)
{
    if (!piece.count)
        return;
    if (piece.begin + piece.count != open->begin)
        close_bucket(buckets, open, piece.begin + piece.count);
    *open = (struct share){piece.begin, open->count + piece.count};
    if (open->count >= least)
        close_bucket(buckets, open, piece.begin);
}

struct cutting {
    size_t least; /* floats of a bucket */
    struct share (*range_of)(const struct model *model, int i);
    struct share alone; /* a bucket by itself, and the rest of its layer another */
    bool by_chunk;      /* each chunk's layers by themselves */
};

/* Part of the layer, whose range that is, lies alone. */
static void cut_around(struct buckets *buckets, struct share *open, struct share part, struct share alone)
{
    size_t end = part.begin + part.count, above = alone.begin + alone.count;
    close_bucket(buckets, open, end);
    add_piece(buckets, open, (struct share){above, end - above}, 0);
    add_piece(buckets, open, alone, 0);
    add_piece(buckets, open, (struct share){part.begin, alone.begin - part.begin}, 0);
}

/* Whole layers, or their experts, from the last on, until they hold `least` floats. */
static void cut(struct buckets *buckets, const struct model *model, const struct cutting *how)
{
    struct share open = {.begin = model->parameter_count}, alone = how->alone;
    for (int i = model->part_count - 1; i >= 0; i--) {
        struct share part = how->range_of(model, i);
        if (alone.count && part.begin <= alone.begin && part.begin + part.count >= alone.begin + alone.count)
            cut_around(buckets, &open, part, alone);
        else
            add_piece(buckets, &open, part, how->least);
        if (how->by_chunk && part.count && model_chunk_parts(model, i).begin == (size_t)i)
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

void buckets_cut(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    struct cutting how = {.least = plan->bucket_bytes / rank_number_bytes(self, NUMBER_GRADIENT),
                          .range_of = model_part_range,
                          .by_chunk = plan->zero};
    if (plan->zero)
        how.alone = model_tied_range(training->model);
    cut(&training->buckets, training->model, &how);
    how.range_of = model_expert_range;
    how.alone = (struct share){0};
    cut(&training->expert_buckets, training->model, &how);
    if (plan->zero)
        training->buckets.sharding = sharding_create(self, training);
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
    if (buckets->sharding)
        buckets->sharding->exchange = buckets->exchange;
}

void buckets_init(struct training *training, struct rank *self)
{
    const struct plan *plan = training->plan;
    struct buckets *experts = &training->expert_buckets;
    struct group **over = plan->mesh->copies ? plan->mesh->shard : plan->mesh->replicas;
    open_exchange(&training->buckets, self, training, over[rank_id(self)]);
    if (experts->count)
        open_exchange(experts, self, training, plan->mesh->data[rank_id(self)]);
    if (training->buckets.sharding)
        training->buckets.sharding->exchange_experts = experts->exchange;
}

void buckets_release(struct buckets *buckets)
{
    exchange_free(buckets->exchange);
    free(buckets->ranges);
    sharding_free(buckets->sharding);
}

/* What begins at that place or behind it. */
static void post_begun(struct rank *self, struct training *training, struct buckets *buckets, size_t at)
{
    while (buckets->next < buckets->count && buckets->ranges[buckets->next].begin >= at) {
        if (buckets->sharding)
            sharding_follow(self, training, buckets->next);
        exchange_post(buckets->exchange, buckets->next++);
    }
}

void bucket_gradient_ready(void *context, struct rank *self, size_t at, size_t count)
{
    struct training *training = context;
    (void)count;
    post_begun(self, training, &training->buckets, at);
    post_begun(self, training, &training->expert_buckets, at);
}

void buckets_wait(struct buckets *buckets)
{
    if (buckets->exchange)
        exchange_wait(buckets->exchange);
    buckets->next = 0;
}

void update_together(struct rank *self, struct training *training)
{
    if (training->buckets.sharding) {
        sharding_update(self, training);
        return;
    }
    buckets_wait(&training->buckets);
    buckets_wait(&training->expert_buckets);
    sum_tied(training);
    optimizer_step(self, training->optimizer, training->model);
}
