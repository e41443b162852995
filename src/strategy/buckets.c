#include "sharding.h"
#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

/* Whole layers, from the last on, until they hold `bucket` bytes. */
static void cut(struct buckets *buckets, const struct model *model, size_t bucket_floats)
{
    struct share open = {.begin = model->parameter_count};
    for (int i = model->part_count - 1; i >= 0; i--) {
        struct share part = model_part_range(model, i);
        open = (struct share){part.begin, open.count + part.count};
        if ((open.count < bucket_floats && i > 0) || open.count == 0)
            continue;
        *vector_push(&buckets->ranges, &buckets->count, &buckets->room) = open;
        open = (struct share){.begin = part.begin};
    }
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

void buckets_cut(struct buckets *buckets, struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    *buckets = (struct buckets){0};
    cut(buckets, training->model, plan->bucket_bytes / sizeof(float));
    if (plan->zero)
        buckets->sharding = sharding_create(self, training, buckets->ranges, buckets->count);
}

void buckets_init(struct buckets *buckets, struct rank *self, const struct training *training)
{
    const struct plan *plan = training->plan;
    const struct model *model = training->model;
    struct group *replicas = plan->mesh->data[rank_id(self)];
    struct matrix *matrices = matrices_of(model);
    buckets->exchange = exchange_create(self, replicas, &plan->exchange,
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

void buckets_release(struct buckets *buckets)
{
    exchange_free(buckets->exchange);
    free(buckets->ranges);
    sharding_free(buckets->sharding);
}

void bucket_gradient_ready(void *context, struct rank *self, size_t at, size_t count)
{
    (void)self;
    (void)count;
    struct buckets *buckets = &((struct training *)context)->buckets;
    if (buckets->next < buckets->count && buckets->ranges[buckets->next].begin == at)
        exchange_post(buckets->exchange, buckets->next++);
}

void buckets_wait(struct rank *self, struct buckets *buckets)
{
    (void)self;
    exchange_wait(buckets->exchange);
    buckets->next = 0;
}

void update_together(struct rank *self, struct training *training)
{
    if (training->buckets.sharding) {
        sharding_update(self, training);
        return;
    }
    buckets_wait(self, &training->buckets);
    optimizer_step(self, training->optimizer, training->model);
}
