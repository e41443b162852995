/* Which mesh a strategy uses, and the nearest one that fits when it cannot. */
#include "threadrack/strategy/strategy.h"

#include <stdlib.h>

struct wish {
    const struct strategy *strategy;
    const struct model_spec *model;
    size_t batch;
    int microbatches;
};

/* Ranks that share experts out exchange places of as many rows. */
static bool is_even(const struct wish *wish, struct mesh_shape shape)
{
    size_t parts = (size_t)mesh_replicas(shape) * (size_t)wish->microbatches;
    return mesh_length(shape, AXIS_EXPERT) == 1 || wish->batch % parts == 0;
}

static bool fits(const struct wish *wish, struct mesh_shape shape)
{
    struct errors ignored;
    errors_init(&ignored);
    bool good = mesh_replicas(shape) <= (int64_t)(wish->batch / (size_t)wish->microbatches) &&
                model_fits(wish->model, shape.pipeline, shape.tensor, &ignored) &&
                model_fits_experts(wish->model, mesh_length(shape, AXIS_EXPERT), &ignored) &&
                model_fits_context(wish->model, mesh_length(shape, AXIS_CONTEXT), &ignored) &&
                is_even(wish, shape);
    errors_release(&ignored);
    return good;
}

static bool spreads_nothing(const struct strategy *strategy)
{
    return !strategy->spreads_data && !strategy->spreads_tensor && !strategy->spreads_pipeline;
}

static bool spreads(const struct strategy *strategy, struct mesh_shape shape)
{
    return (strategy->spreads_data || shape.data == 1) &&
           (strategy->spreads_tensor || shape.tensor == 1) &&
           (strategy->spreads_pipeline || shape.pipeline == 1) &&
           (strategy->spreads_expert || mesh_length(shape, AXIS_EXPERT) == 1) &&
           (strategy->spreads_context || mesh_length(shape, AXIS_CONTEXT) == 1);
}

static int distance(struct mesh_shape a, struct mesh_shape b)
{
    return abs(a.data - b.data) + abs(a.tensor - b.tensor) + abs(a.pipeline - b.pipeline);
}

static bool shares_positions(const struct wish *wish, int contexts, struct errors *errors)
{
    return wish->strategy->spreads_context && model_fits_context(wish->model, contexts, errors);
}

static bool shares_experts(const struct wish *wish, int experts, struct errors *errors)
{
    return wish->strategy->spreads_expert && model_fits_experts(wish->model, experts, errors);
}

/* The most ranks, up to those asked for, among whom the model can be shared so; at least 1. */
static int most_sharing(const struct wish *wish, int asked,
                        bool (*can)(const struct wish *wish, int count, struct errors *errors))
{
    struct errors ignored;
    errors_init(&ignored);
    int count = asked;
    while (count > 1 && !can(wish, count, &ignored))
        count--;
    errors_release(&ignored);
    return count;
}

/* No mesh that fits and has so many nodes along context has more nodes than this, nor than `shape`. */
static int most_nodes(const struct wish *wish, struct mesh_shape shape, int contexts)
{
    const struct strategy *strategy = wish->strategy;
    double replicas = strategy->spreads_data || strategy->spreads_expert
                          ? (double)(wish->batch / (size_t)wish->microbatches)
                          : 1;
    double tensor = strategy->spreads_tensor ? model_most_tensors(wish->model) : 1;
    double pipeline = strategy->spreads_pipeline ? model_most_stages(wish->model) : 1;
    double most = replicas * tensor * pipeline * contexts;
    return most < mesh_size(shape) ? (int)most : mesh_size(shape);
}

/* Of those of the same nodes, experts and contexts the one nearest to `shape`; data is 0 where none fits. */
static struct mesh_shape nearest_of(const struct wish *wish, struct mesh_shape shape, int nodes, int experts,
                                    int contexts)
{
    struct mesh_shape best = {0};
    for (int tensor = 1; tensor <= nodes && tensor <= model_most_tensors(wish->model); tensor++)
        for (int pipeline = 1; nodes % tensor == 0 && pipeline <= nodes / tensor &&
                               pipeline <= model_most_stages(wish->model);
             pipeline++) {
            struct mesh_shape other = {.data = nodes / tensor / pipeline,
                                       .tensor = tensor,
                                       .pipeline = pipeline,
                                       .expert = experts,
                                       .context = contexts};
            if (mesh_size(other) == nodes * experts * contexts && spreads(wish->strategy, other) &&
                (!best.data || distance(other, shape) < distance(best, shape)) && fits(wish, other))
                best = other;
        }
    return best;
}

/* Experts and positions are shared as nearly as asked for as the model lets them; then, the mesh of most nodes,
 * up to `shape`'s, that fits. */
static struct mesh_shape nearest(const struct wish *wish, struct mesh_shape shape)
{
    int contexts = most_sharing(wish, mesh_length(shape, AXIS_CONTEXT), shares_positions);
    int experts = most_sharing(wish, mesh_length(shape, AXIS_EXPERT), shares_experts);
    for (; experts >= 1; experts = most_sharing(wish, experts - 1, shares_experts))
        for (int nodes = most_nodes(wish, shape, contexts) / contexts / experts; nodes >= 1; nodes--) {
            struct mesh_shape best = nearest_of(wish, shape, nodes, experts, contexts);
            if (best.data)
                return best;
        }
    return (struct mesh_shape){.data = 1, .tensor = 1, .pipeline = 1, .expert = 1, .context = 1};
}

static bool refuse(const struct wish *wish, struct mesh_shape shape, const char *where,
                   struct errors *errors)
{
    struct mesh_shape other = nearest(wish, shape);
    struct errors reason;
    errors_init(&reason);
    if (mesh_replicas(shape) > (int64_t)(wish->batch / (size_t)wish->microbatches))
        errors_add(&reason, "a batch of %zu rows in %d microbatches has an empty share for %d nodes "
                            "along data",
                   wish->batch, wish->microbatches, mesh_replicas(shape));
    else if (!is_even(wish, shape))
        errors_add(&reason, "ranks that share experts out need equal shares: a batch of %zu rows does not "
                            "divide into %d microbatches for %d of them",
                   wish->batch, wish->microbatches, mesh_replicas(shape));
    else if (model_fits(wish->model, shape.pipeline, shape.tensor, &reason) &&
             model_fits_experts(wish->model, mesh_length(shape, AXIS_EXPERT), &reason))
        model_fits_context(wish->model, mesh_length(shape, AXIS_CONTEXT), &reason);
    errors_add(errors, "%s: the mesh %s does not fit: %s; the nearest that fits is %s (nodes=%d)", where,
               mesh_words(shape, shape, "").text, reason.count ? reason.messages[0] : "",
               mesh_words(other, shape, "mesh.").text, mesh_size(other));
    errors_release(&reason);
    return false;
}

/* A half of the nodes along an axis that nobody asked for, when something is left over for others. */
static int split_by_two(const struct wish *wish, int *left, struct mesh_shape with_two)
{
    if (*left % 2 || *left <= 2 || !fits(wish, with_two))
        return 1;
    *left /= 2;
    return 2;
}

static struct mesh_shape complete(const struct wish *wish, int nodes, struct mesh_shape asked)
{
    const struct strategy *strategy = wish->strategy;
    struct mesh_shape shape = {.data = mesh_length(asked, AXIS_DATA),
                               .tensor = mesh_length(asked, AXIS_TENSOR),
                               .pipeline = mesh_length(asked, AXIS_PIPELINE),
                               .expert = mesh_length(asked, AXIS_EXPERT),
                               .context = mesh_length(asked, AXIS_CONTEXT)};
    int left = nodes / mesh_size(shape) ? nodes / mesh_size(shape) : 1;
    bool nothing_asked = !asked.data && !asked.tensor && !asked.pipeline;
    if (nothing_asked && strategy->spreads_data && strategy->spreads_pipeline)
        shape.pipeline = split_by_two(wish, &left, (struct mesh_shape){.data = 1, .tensor = 1, .pipeline = 2});
    if (nothing_asked && strategy->spreads_data && strategy->spreads_tensor)
        shape.tensor = split_by_two(
            wish, &left,
            (struct mesh_shape){.data = 1, .tensor = 2, .pipeline = shape.pipeline});
    if (strategy->spreads_data && !asked.data)
        shape.data = left;
    else if (strategy->spreads_pipeline && !asked.pipeline)
        shape.pipeline = left;
    else if (strategy->spreads_tensor && !asked.tensor)
        shape.tensor = left;
    return shape;
}

bool strategy_mesh(const struct strategy *strategy, const struct model_spec *model, int nodes,
                   size_t batch, int microbatches, struct mesh_shape asked, const char *where,
                   struct mesh_shape *shape, struct errors *errors)
{
    struct wish wish = {strategy, model, batch, microbatches};
    if ((size_t)microbatches > batch)
        return errors_add(errors, "%s: a batch of %zu rows cannot be split into %d microbatches; "
                                  "at most batch=%zu fit",
                          where, batch, microbatches, batch);
    *shape = complete(&wish, nodes, asked);
    if (!spreads(strategy, *shape))
        return errors_add(errors, "%s: strategy %s does not spread over mesh %s (its keys: %s)", where,
                          strategy->name, mesh_words(*shape, *shape, "").text, strategy->options);
    if (nodes > 1 && spreads_nothing(strategy))
        return errors_add(errors, "%s: strategy %s is of one node, not nodes=%d: give one that spreads over them, such "
                                  "as strategy=data (threadrack list strategies)",
                          where, strategy->name, nodes);
    if (mesh_size(*shape) != nodes)
        return errors_add(errors, "%s: the mesh %s of strategy %s has %d nodes, not nodes=%d", where,
                          mesh_words(*shape, *shape, "").text, strategy->name, mesh_size(*shape), nodes);
    if (!fits(&wish, *shape))
        return refuse(&wish, *shape, where, errors);
    return true;
}
