/* Which algorithms the collectives of a run take, and what is sharded over which groups: zero, sequences,
 * experts. */
#include "resolve.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

/* All-reduces along an axis may have an algorithm of their own. */
static const struct {
    const char *key;
    enum mesh_axis axis;
} along[] = {{"allreduce.data", AXIS_DATA},
             {"allreduce.tensor", AXIS_TENSOR},
             {"allreduce.pipeline", AXIS_PIPELINE}};
enum { ALONG = sizeof along / sizeof *along };

void check_algorithms(const struct config *config, struct errors *errors)
{
    static const char *const operations[] = {"allreduce", "allgather", "alltoall", "reduce_scatter"};
    for (int i = 0; i < 4; i++)
        algorithms_check(operations[i], config_text(config, operations[i]),
                         config_where(config, operations[i]), errors);
    for (int i = 0; i < ALONG; i++)
        if (config_is_set(config, along[i].key))
            algorithms_check("allreduce", config_text(config, along[i].key),
                             config_where(config, along[i].key), errors);
}

/* `length` ranks `stride` apart, from each rank that is first on the axis. */
static bool axis_fits(const struct setup *setup, struct algorithms *algorithms, enum mesh_axis axis,
                      struct errors *errors)
{
    int length = mesh_length(setup->shape, axis);
    int stride = mesh_stride(setup->shape, &setup->order, axis);
    int *nodes = memory_zeroed((size_t)length, sizeof *nodes);
    bool good = true, cut = axis == AXIS_DATA && setup->shard; /* shards_fit looks at the pieces */
    for (int first = 0; good && !cut && first < setup->nodes; first++) {
        if (first / stride % length)
            continue;
        for (int i = 0; i < length; i++)
            nodes[i] = first + i * stride;
        good = algorithms_fit(algorithms, nodes, length, errors);
    }
    free(nodes);
    return good;
}

/* All who hold the same of a model's part, where those along data are not all. */
static bool replicas_fit(const struct setup *setup, struct algorithms *algorithms, struct errors *errors)
{
    const struct mesh mesh = {.shape = setup->shape, .order = setup->order};
    int length = mesh_holders(setup->shape), parts = setup->nodes / length;
    int *nodes = memory_zeroed((size_t)length, sizeof *nodes);
    bool good = true;
    for (int part = 0; good && part < parts && length > setup->shape.data; part++) {
        int count = 0;
        for (int rank = 0; rank < setup->nodes; rank++) {
            struct mesh_point point = mesh_point(&mesh, rank);
            if (point.stage * setup->shape.tensor + point.shard == part)
                nodes[count++] = rank;
        }
        good = algorithms_fit(algorithms, nodes, count, errors);
    }
    free(nodes);
    return good;
}

static struct algorithms *algorithms_of(const struct setup *setup, const char *operation,
                                        const char *key, struct errors *errors)
{
    return algorithms_create(operation, config_text(setup->config, key),
                             config_where(setup->config, key), setup->cluster, setup->netmodel,
                             errors);
}

struct algorithms *setup_allreduce(const struct setup *setup, enum mesh_axis axis)
{
    return setup->allreduce_along[axis] ? setup->allreduce_along[axis] : setup->allreduce;
}

static bool allreduces_fit(const struct setup *setup, struct errors *errors)
{
    bool good = true, clips = config_is_set(setup->config, "clip");
    for (int i = 0; i < ALONG && good; i++)
        if (along[i].axis != AXIS_PIPELINE || clips)
            good = axis_fits(setup, setup_allreduce(setup, along[i].axis), along[i].axis, errors);
    return good;
}

static bool resolve_allreduces(struct setup *setup, struct errors *errors)
{
    setup->allreduce = algorithms_of(setup, "allreduce", "allreduce", errors);
    bool good = setup->allreduce;
    for (int i = 0; i < ALONG && good; i++) {
        struct algorithms **own = &setup->allreduce_along[along[i].axis];
        if (config_is_set(setup->config, along[i].key))
            *own = algorithms_of(setup, "allreduce", along[i].key, errors);
        good = *own || !config_is_set(setup->config, along[i].key);
    }
    return good;
}

/* What a share of a tensor does not tell. */
bool setup_check_zero(const struct setup *setup, int zero, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *where = config_where(config, "zero");
    const struct compressor_ops *compressor = setup->compressor.ops;
    if (optimizer_needs_norms(setup->optimizer))
        return errors_add(errors, "%s: optimizer %s needs norms of whole tensors, of which zero leaves a "
                          "node a share; give zero=0 or another optimizer",
                          where, config_text(config, "optimizer"));
    if (mesh_length(setup->shape, AXIS_EXPERT) > 1 && config_choice(config, "zero.shard"))
        return errors_add(errors, "%s: with mesh.expert experts and the rest have replicas of their own, which "
                          "are not cut further as yet; give zero.shard=all", config_where(config, "zero.shard"));
    if (zero == 3 && stale_pipeline(setup) && setup->shape.pipeline > 1)
        return errors_add(errors, "%s: zero=3 gathers the latest parameters, and pipeline.schedule=%s goes "
                                  "backward with older ones; give zero=2 or another schedule", where,
                          setup_pipeline(setup)->name);
    if (compressor->words || compressor->low_rank)
        return errors_add(errors, "%s: gradients that are compressed by %s cannot be reduce-scattered; give "
                          "zero=0, or compress=none, fp16 or bf16", where, compressor->name);
    if (zero >= 2 && !strcmp(setup_pipeline(setup)->name, "zero_bubble") && setup->strategy->spreads_pipeline)
        return errors_add(errors, "%s: zero=%d reduces the gradients of a microbatch at once, and "
                          "pipeline.schedule=zero_bubble has half of them later; give zero=1, or gpipe or "
                          "1f1b", where, zero);
    return true;
}

static bool resolve_zero(struct setup *setup, struct errors *errors)
{
    bool together = setup->strategy->spreads_data && !setup->strategy->updates_alone &&
                    !setup->strategy->serves_shares;
    int asked = atoi(config_text(setup->config, "zero"));
    setup->zero = together && mesh_holders(setup->shape) > 1 ? asked : 0;
    setup->prefetch = (int)config_whole(setup->config, "zero.prefetch");
    return (!setup->zero || setup_check_zero(setup, setup->zero, errors)) && shards_resolve(setup, errors);
}

static bool resolve_sequence(struct setup *setup, struct errors *errors)
{
    struct errors why;
    errors_init(&why);
    setup->sequence = config_on(setup->config, "tensor.sequence") && setup->shape.tensor > 1;
    bool good = !setup->sequence || model_fits_sequence(setup->model, setup->shape.tensor,
                                                      mesh_length(setup->shape, AXIS_CONTEXT), &why) ||
                errors_add(errors, "%s: %s", config_where(setup->config, "tensor.sequence"),
                           why.messages[0]);
    errors_release(&why);
    return good;
}

/* What shares of a stack of experts, held by some of the replicas, do not go with. */
static bool check_experts(const struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    if (mesh_length(setup->shape, AXIS_EXPERT) == 1)
        return true;
    return !optimizer_needs_norms(setup->optimizer) ||
           errors_add(errors, "%s: %s needs norms of whole tensors, and ranks of mesh.expert have shares of "
                              "the experts'; sgd, adam and adamw can",
                      config_where(config, "optimizer"), config_text(config, "optimizer"));
}

static bool collectives_fit(const struct setup *setup, struct errors *errors)
{
    return allreduces_fit(setup, errors) && axis_fits(setup, setup->alltoall, AXIS_EXPERT, errors) &&
           replicas_fit(setup, setup_allreduce(setup, AXIS_DATA), errors) &&
           replicas_fit(setup, setup->allgather, errors) &&
           replicas_fit(setup, setup->reduce_scatter, errors) &&
           axis_fits(setup, setup->reduce_scatter, AXIS_DATA, errors) &&
           axis_fits(setup, setup->reduce_scatter, AXIS_TENSOR, errors) &&
           axis_fits(setup, setup->allgather, AXIS_DATA, errors) &&
           axis_fits(setup, setup->allgather, AXIS_TENSOR, errors) && shards_fit(setup, errors);
}

bool resolve_groups(struct setup *setup, struct errors *errors)
{
    return resolve_zero(setup, errors) && resolve_sequence(setup, errors) &&
           check_experts(setup, errors) && collectives_fit(setup, errors);
}

bool resolve_collectives(struct setup *setup, struct errors *errors)
{
    setup->reduce_scatter = algorithms_of(setup, "reduce_scatter", "reduce_scatter", errors);
    setup->allgather = algorithms_of(setup, "allgather", "allgather", errors);
    setup->alltoall = algorithms_of(setup, "alltoall", "alltoall", errors);
    return resolve_allreduces(setup, errors) && setup->allgather && setup->reduce_scatter &&
           setup->alltoall && resolve_groups(setup, errors);
}

void release_collectives(struct setup *setup)
{
    algorithms_free(setup->allreduce);
    for (int axis = 0; axis < MESH_AXES; axis++)
        algorithms_free(setup->allreduce_along[axis]);
    algorithms_free(setup->allgather);
    algorithms_free(setup->alltoall);
    algorithms_free(setup->reduce_scatter);
}
