#include "words.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

void tensor_sum_forward(void *context, struct rank *self, float *partial, size_t count)
{
    (void)self;
    allreduce_now(&((struct training *)context)->tensor, partial, count);
}

void tensor_sum_backward(void *context, struct rank *self, float *partial, size_t count)
{
    tensor_sum_forward(context, self, partial, count);
}

/* A stage's sums are those of its tensor group; then the stages add theirs. */
static void sum_over_model(void *context, struct rank *self, float *partial, size_t count)
{
    struct training *training = context;
    if (training->plan->mesh->shape.tensor > 1)
        tensor_sum_forward(context, self, partial, count);
    if (training->plan->mesh->shape.expert > 1)
        allreduce_now(&training->expert_sum, partial, count);
    if (training->plan->mesh->shape.pipeline > 1)
        allreduce_now(&training->stages, partial, count);
}

static void exchange_experts(void *context, struct rank *self, float *vector, size_t count)
{
    (void)self;
    allreduce_now(&((struct training *)context)->expert, vector, count);
}

static struct model_hooks hooks_of(struct training *training)
{
    const struct strategy *strategy = training->plan->strategy;
    struct model_hooks hooks = {.context = training, .sum_over_model = sum_over_model,
                                .exchange_experts = exchange_experts};
    if (strategy->serves_shares)
        hooks.gradient_ready = servers_gradient_ready;
    else if (strategy->spreads_data && !strategy->updates_alone)
        hooks.gradient_ready = bucket_gradient_ready;
    if (strategy->spreads_tensor) {
        hooks.after_forward = tensor_sum_forward;
        hooks.before_backward = tensor_sum_backward;
        hooks.sum_over_tensor = tensor_sum_forward;
    }
    return hooks;
}

/* The rows that a rank takes at a time. */
static struct share rows_of(const struct plan *plan, int replica)
{
    if (replica < plan->servers)
        return (struct share){0, 0};
    if (plan->strategy->has_server)
        return (struct share){0, plan->federated.batch};
    return share_of(plan->batch, (size_t)(mesh_replicas(plan->mesh->shape) - plan->servers),
                    (size_t)(replica - plan->servers));
}

static struct optimizer *optimizer_of(struct rank *self, const struct training *training)
{
    const struct optimizer_spec *spec = training->plan->optimizer;
    const struct buckets *buckets = &training->buckets;
    return buckets->sharding
               ? optimizer_create_sharded(self, spec, buckets->sharding->shares, buckets->count)
               : optimizer_create(self, spec, training->model);
}

/* What the rank does in a step, and how many microbatches it keeps at a time. */
static enum model_use plan_order(struct training *training)
{
    const struct plan *plan = training->plan;
    training->slots = plan->microbatches;
    if (!plan->strategy->spreads_pipeline)
        return MODEL_TRAINS;
    plan->pipeline->order(plan->mesh->shape.pipeline, training->point.stage, plan->microbatches,
                          &training->order);
    training->slots = order_slots(&training->order);
    return order_splits(&training->order) ? MODEL_TRAINS_APART : MODEL_TRAINS;
}

/* The rows of the microbatches that are kept at a time. */
static size_t rows_kept(const struct training *training)
{
    struct share last = microbatch(training, training->slots - 1);
    return last.begin + last.count;
}

/* A server of shares has its share, and a worker of it no optimizer. */
static void make_model(struct rank *self, struct training *training)
{
    const struct plan *plan = training->plan;
    struct mesh_shape shape = plan->mesh->shape;
    bool shares = plan->strategy->serves_shares, serves = training->point.replica < plan->servers;
    enum model_use use = plan_order(training);
    training->model =
        shares && serves
            ? model_bare(self, server_share(plan, training->point.replica).count)
            : model_create(self, plan->model,
                           (struct model_place){.stage = training->point.stage,
                                                .stages = shape.pipeline,
                                                .tensor = training->point.shard,
                                                .tensors = shape.tensor,
                                                .expert = training->point.experts,
                                                .experts = shape.expert},
                           rows_kept(training), microbatch(training, 0).count, use,
                           hooks_of(training));
    training->model->row_weight = 1.0f / (float)rows_of_mean(training);
    if (shares && !serves)
        return;
    if (!shares && !plan->strategy->updates_alone)
        buckets_cut(&training->buckets, self, training);
    training->optimizer = optimizer_of(self, training);
    if (plan->clip > 0)
        optimizer_clip(training->optimizer, self, plan->clip);
    if (plan->microbatches == 1 && !plan->strategy->edits_gradients)
        optimizer_fuse(training->optimizer, training->model);
}

struct training *training_create(struct rank *self, const struct plan *plan)
{
    struct training *training = memory_zeroed(1, sizeof *training);
    struct mesh_shape shape = plan->mesh->shape;
    struct mesh_point point = mesh_point(plan->mesh, rank_id(self));
    size_t microbatches = (size_t)plan->microbatches;
    training->plan = plan;
    training->point = point;
    training->rows = rows_of(plan, point.replica);
    make_model(self, training);
    if (point.stage == shape.pipeline - 1)
        training->targets = rank_alloc(self, MEMORY_DATA,
                                       training->rows.count * plan->target_width * sizeof(int32_t));
    struct group *expert = plan->mesh->expert[rank_id(self)];
    allreduce_init(&training->expert, self, expert, plan->alltoall);
    if (plan->clip > 0)
        allreduce_init(&training->expert_sum, self, expert, plan->allreduce);
    if (plan->strategy->updates_alone)
        allreduce_init(&training->replicas, self, plan->mesh->data[rank_id(self)], plan->allreduce);
    allreduce_init(&training->tensor, self, plan->mesh->tensor[rank_id(self)],
                   plan->allreduce_tensor);
    if (!plan->strategy->updates_alone && !plan->strategy->serves_shares)
        buckets_init(training, self);
    training->pipeline = plan->mesh->pipeline[rank_id(self)];
    training->back = plan->mesh->back[rank_id(self)];
    if (plan->clip > 0)
        allreduce_init(&training->stages, self, training->pipeline, plan->allreduce_pipeline);
    training->sends = memory_zeroed(2 * microbatches, sizeof *training->sends);
    training->receives = memory_zeroed(2 * microbatches, sizeof *training->receives);
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
    free(training->sends);
    free(training->receives);
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
    return training->tensor.used | training->stages.used | training->replicas.used |
           training->expert_sum.used | (experts ? exchange_used(experts) : 0) |
           (training->buckets.sharding ? training->buckets.sharding->gather.used : 0) |
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
    return plan->strategy->step(self, training, step);
}
