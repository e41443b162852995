#include "sharding.h"
#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static void tensor_sum(void *context, struct rank *self, enum number number, float *partial, size_t count)
{
    (void)self;
    allreduce_numbers(&((struct training *)context)->tensor, number, partial, count);
}

void tensor_sum_forward(void *context, struct rank *self, float *partial, size_t count)
{
    tensor_sum(context, self, NUMBER_VALUE, partial, count);
}

void tensor_sum_backward(void *context, struct rank *self, float *partial, size_t count)
{
    tensor_sum_forward(context, self, partial, count);
}

static void tensor_gather(void *context, struct rank *self, enum number number, float *blocks,
                          size_t count)
{
    (void)self;
    allreduce_numbers(&((struct training *)context)->gather, number, blocks, count);
}

static void tensor_scatter(void *context, struct rank *self, float *blocks, size_t count)
{
    (void)self;
    allreduce_numbers(&((struct training *)context)->scatter, NUMBER_VALUE, blocks, count);
}

static void begin_tensor_sum(void *context, struct rank *self, float *partial, size_t count)
{
    struct training *training = context;
    struct allreduce *over = training->plan->sequence ? &training->scatter : &training->tensor;
    (void)self;
    training->sums[training->sum_count++] = allreduce_post_numbers(over, NUMBER_VALUE, partial, count);
}

static void end_tensor_sums(void *context, struct rank *self)
{
    struct training *training = context;
    for (int i = 0; i < training->sum_count; i++)
        rank_wait(self, training->sums[i]);
    training->sum_count = 0;
}

/* A stage's sums are those of its tensor group; then the stages add theirs. */
static void sum_over_model(void *context, struct rank *self, float *partial, size_t count)
{
    struct training *training = context;
    if (training->plan->mesh->shape.tensor > 1)
        tensor_sum(context, self, NUMBER_FULL, partial, count);
    if (training->plan->mesh->shape.expert > 1 && !training->plan->zero) /* shares are summed over it, too */
        allreduce_now(&training->expert_sum, partial, count);
    if (training->plan->mesh->shape.pipeline > 1)
        allreduce_now(&training->stages, partial, count);
}

static void sum_over_shares(void *context, struct rank *self, float *partial, size_t count)
{
    (void)self;
    allreduce_now(&((struct training *)context)->replicas, partial, count);
}

static void exchange_experts(void *context, struct rank *self, float *vector, size_t count)
{
    (void)self;
    allreduce_numbers(&((struct training *)context)->expert, NUMBER_VALUE, vector, count);
}

_Static_assert((int)ROADS == (int)RELAY_ROADS, "a relay has a road for each that a model uses");

static void ring_post(void *context, struct rank *self, enum road road, const float *out, float *in,
                      size_t count)
{
    struct training *training = context;
    (void)self;
    relay_post(&training->ring, (int)road, out, in, count);
    if (training->plan->ring_waits)
        relay_wait(&training->ring, (int)road);
}

static void ring_wait(void *context, struct rank *self, enum road road)
{
    (void)self;
    relay_wait(&((struct training *)context)->ring, (int)road);
}

static struct model_hooks hooks_of(struct training *training)
{
    const struct strategy *strategy = training->plan->strategy;
    struct model_hooks hooks = {.context = training, .sum_over_model = sum_over_model,
                                .exchange_experts = exchange_experts,
                                .ring_post = ring_post,
                                .ring_wait = ring_wait,
                                .gradient_ready = strategy->gradient_ready};
    if (strategy->spreads_data && !strategy->updates_alone && !strategy->serves_shares)
        hooks.gradient_ready = bucket_gradient_ready;
    if (training->plan->zero)
        hooks.sum_over_shares = sum_over_shares;
    if (training->plan->zero >= 2) {
        hooks.gradient_ready = NULL;
        hooks.places_gradients = true;
        hooks.places_parameters = training->plan->zero == 3;
        hooks.part_begins = sharding_part_begins;
        hooks.part_ends = sharding_part_ends;
    }
    if (strategy->spreads_tensor) {
        hooks.after_forward = tensor_sum_forward;
        hooks.before_backward = tensor_sum_backward;
        hooks.sum_over_tensor = tensor_sum;
        hooks.gather_over_tensor = tensor_gather;
        hooks.scatter_over_tensor = training->plan->sequence ? tensor_scatter : NULL;
        hooks.chunks = training->plan->tensor_chunks;
        hooks.begin_sum = begin_tensor_sum;
        hooks.end_sums = end_tensor_sums;
    }
    return hooks;
}

/* The rows that a rank takes at a time. */
struct share replica_rows(const struct plan *plan, int replica)
{
    if (replica < plan->servers)
        return (struct share){0, 0};
    if (plan->strategy->has_server)
        return (struct share){0, plan->federated.batch};
    if (plan->rows)
        return plan->rows[replica - plan->servers];
    return share_of(plan->batch, (size_t)(mesh_replicas(plan->mesh->shape) - plan->servers),
                    (size_t)(replica - plan->servers));
}

static struct optimizer *optimizer_of(struct rank *self, const struct training *training)
{
    const struct optimizer_spec *spec = training->plan->optimizer;
    const struct sharding *sharding = training->buckets.sharding;
    return sharding ? optimizer_create_sharded(self, spec, sharding->shares, sharding->count)
                    : optimizer_create(self, spec, training->model);
}

/* What the rank does in a step, and how many microbatches its chunks keep at a time. */
static enum model_use plan_order(struct training *training)
{
    const struct plan *plan = training->plan;
    bool staged = plan->strategy->spreads_pipeline;
    size_t chunks = staged ? (size_t)plan->chunks : 1;
    training->chunks = (int)chunks;
    training->slots = memory_zeroed(chunks, sizeof *training->slots);
    training->begun = memory_zeroed(chunks, sizeof *training->begun);
    training->ended = memory_zeroed(chunks, sizeof *training->ended);
    training->slots[0] = training->slots_most = 1;
    if (!staged)
        return MODEL_TRAINS;
    order_tasks(training);
    for (int c = 0; c < training->chunks; c++) {
        int slots = training->slots[c] = order_slots(&training->order, c);
        training->slots_most = slots > training->slots_most ? slots : training->slots_most;
    }
    return order_splits(&training->order) ? MODEL_TRAINS_APART : MODEL_TRAINS;
}

/* The rows of the microbatches that a chunk keeps at a time. */
static size_t rows_kept(const struct training *training, int chunk)
{
    struct share last = slot_rows(training, chunk, training->slots[chunk] - 1);
    return last.begin + last.count;
}

static struct model *whole_model(struct rank *self, struct training *training, enum model_use use)
{
    const struct plan *plan = training->plan;
    struct mesh_shape shape = plan->mesh->shape;
    size_t *rows = memory_zeroed((size_t)training->chunks, sizeof *rows);
    for (int c = 0; c < training->chunks; c++)
        rows[c] = rows_kept(training, c);
    struct model_place place = {.stage = training->point.stage,
                                .stages = shape.pipeline,
                                .chunks = training->chunks,
                                .chunk_rows = rows,
                                .tensor = training->point.shard,
                                .tensors = shape.tensor,
                                .layers = plan->stage_layers,
                                .expert = training->point.experts,
                                .experts = shape.expert,
                                .context = training->point.chunk,
                                .contexts = shape.context};
    struct model *model = model_create(self, plan->model, place, rows[0],
                                       microbatch(training, 0).count, use,
                                       hooks_of(training));
    free(rows);
    return model;
}

/* A server of shares has its share, and a worker of it no optimizer. */
static void make_model(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    bool shares = plan->strategy->serves_shares, serves = training->point.replica < plan->servers;
    enum model_use use = plan_order(training);
    training->model = shares && serves
                          ? model_bare(self, server_share(plan, training->point.replica).count)
                          : whole_model(self, training, use);
    training->model->row_weight = 1.0f / (float)rows_of_mean(training);
    if (shares && !serves)
        return;
    stash_init(self, training);
    if (!shares && !plan->strategy->updates_alone)
        buckets_cut(self, training);
    training->optimizer = optimizer_of(self, training);
    if (plan->clip > 0)
        optimizer_clip(training->optimizer, self, plan->clip);
    if (plan->microbatches == 1 && training->chunks == 1 && !plan->mesh->ends && !plan->sequence &&
        !plan->strategy->edits_gradients && !training->stashes)
        optimizer_fuse(training->optimizer, training->model);
}

struct training *training_create(struct rank *self, const struct plan *plan)
{
    struct training *training = memory_zeroed(1, sizeof *training);
    struct mesh_shape shape = plan->mesh->shape;
    struct mesh_point point = mesh_point(plan->mesh, rank_id(self));
    training->plan = plan;
    training->point = point;
    training->rows = replica_rows(plan, point.replica);
    training->sums = memory_zeroed((size_t)plan->tensor_chunks + 1, sizeof *training->sums);
    make_model(self, training);
    if (point.stage == shape.pipeline - 1)
        training->targets = rank_alloc(self, MEMORY_DATA,
                                       training->rows.count * own_targets(training) * sizeof(int32_t));
    if (shape.context > 1 && rank_is_real(self))
        training->whole_row = memory_zeroed(plan->input_width + plan->target_width, sizeof(int32_t));
    struct group *expert = plan->mesh->expert[rank_id(self)];
    allreduce_init(&training->expert, self, expert, plan->alltoall);
    if (plan->clip > 0 && !plan->zero)
        allreduce_init(&training->expert_sum, self, expert, plan->allreduce);
    if (plan->strategy->updates_alone || (plan->zero && plan->clip > 0))
        allreduce_init(&training->replicas, self, plan->mesh->shard[rank_id(self)], plan->allreduce);
    allreduce_init(&training->tensor, self, plan->mesh->tensor[rank_id(self)],
                   plan->allreduce_tensor);
    if (plan->sequence)
        allreduce_init(&training->scatter, self, plan->mesh->tensor[rank_id(self)], plan->scatter);
    allreduce_init(&training->gather, self, plan->mesh->tensor[rank_id(self)], plan->gather);
    if (!plan->strategy->updates_alone && !plan->strategy->serves_shares)
        buckets_init(training, self);
    relay_init(&training->ring, self, plan->mesh->context[rank_id(self)],
               plan->mesh->ring ? &plan->mesh->ring[rank_id(self)] : NULL);
    training->pipeline = plan->mesh->pipeline[rank_id(self)];
    training->back = plan->mesh->back[rank_id(self)];
    if (plan->clip > 0)
        allreduce_init(&training->stages, self, training->pipeline, plan->allreduce_pipeline);
    if (plan->mesh->ends && plan->mesh->ends[rank_id(self)])
        allreduce_init(&training->tied, self, plan->mesh->ends[rank_id(self)],
                       plan->allreduce_pipeline);
    training->requests = memory_zeroed(4 * (size_t)training->chunks * (size_t)training->slots_most,
                                       sizeof *training->requests);
    if (plan->strategy->setup)
        training->own = plan->strategy->setup(self, training);
    return training;
}

void training_free(struct training *training)
{
    if (!training)
        return;
    if (training->plan->strategy->release)
        training->plan->strategy->release(training->own);
    model_free(training->model);
    optimizer_free(training->optimizer);
    buckets_release(&training->buckets);
    buckets_release(&training->expert_buckets);
    order_release(&training->order);
    free(training->requests);
    free(training->whole_row);
    free(training->sums);
    free(training->slots);
    free(training->begun);
    free(training->ended);
    free(training->staleness.times);
    free(training);
}

struct routed training_routed(struct training *training)
{
    struct routed routed = training->model->routed;
    training->model->routed = (struct routed){0};
    return training->point.shard == 0 ? routed : (struct routed){0};
}

uint64_t training_allreduces(const struct training *training)
{
    const struct exchange *exchange = training->buckets.exchange;
    const struct exchange *experts = training->expert_buckets.exchange;
    return training->tensor.used | training->gather.used | training->scatter.used |
           training->tied.used | training->stages.used | training->replicas.used |
           training->expert_sum.used | (experts ? exchange_used(experts) : 0) |
           (training->buckets.sharding
                ? training->buckets.sharding->gather.used | training->buckets.sharding->copies.used |
                      training->buckets.sharding->gather_experts.used
                : 0) |
            (exchange ? exchange_used(exchange) : 0);
}

void training_begin(struct training *training, uint64_t steps)
{
    if (training->buckets.exchange)
        exchange_begin(training->buckets.exchange, steps);
    if (training->expert_buckets.exchange)
        exchange_begin(training->expert_buckets.exchange, steps);
}

double plan_rate(const struct plan *plan, size_t step)
{
    return optimizer_rate(plan->optimizer) * schedule_rate(plan->schedule, step);
}

double training_step(struct rank *self, struct training *training, size_t step)
{
    const struct plan *plan = training->plan;
    if (training->optimizer)
        optimizer_set_rate(training->optimizer, training->model, plan_rate(plan, step));
    training->rows_done = training->rows.count;
    staleness_begin_step(&training->staleness);
    double loss = plan->strategy->step(self, training, step);
    training->taken++;
    return loss;
}
