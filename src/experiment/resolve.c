#include "closed.h"
#include "saving.h"
#include "watch.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STEPS_DEFAULT = 100, MICROBATCHES_A_STAGE = 4 };

/* All-reduces along an axis may have an algorithm of their own. */
static const struct {
    const char *key;
    enum mesh_axis axis;
} along[] = {{"allreduce.data", AXIS_DATA},
             {"allreduce.tensor", AXIS_TENSOR},
             {"allreduce.pipeline", AXIS_PIPELINE}};
enum { ALONG = sizeof along / sizeof *along };

/* Where the user gives no `nodes`, a mesh says how many there are: one that is given in full, and
 * any mesh where no cluster file says so either. */
static int count_nodes(const struct setup *setup, struct mesh_shape asked)
{
    const struct config *config = setup->config;
    const struct strategy *strategy = setup->strategy;
    bool some = asked.data || asked.tensor || asked.pipeline || asked.expert;
    bool whole = (asked.data || !strategy->spreads_data) &&
                 (asked.tensor || !strategy->spreads_tensor) &&
                 (asked.pipeline || !strategy->spreads_pipeline);
    bool free = config_source(config, "nodes") == SOURCE_DEFAULT ||
                (whole && config_source(config, "nodes") == SOURCE_CLUSTER);
    /* A topology whose numbers make its places has a node in each. */
    int places = !some && config_source(config, "nodes") == SOURCE_DEFAULT ? cluster_places(config) : 0;
    if (!some || !free)
        return places ? places : (int)config_whole(config, "nodes");
    int64_t product = 1;
    int axes[4] = {asked.data, asked.tensor, asked.pipeline, asked.expert};
    for (int i = 0; i < 4; i++)
        product *= axes[i] ? axes[i] : 1;
    return product > OP_PEERS_MOST ? OP_PEERS_MOST : (int)product;
}

static int asked(const struct config *config, const char *key)
{
    return config_is_set(config, key) ? (int)config_whole(config, key) : 0;
}

static bool resolve_members(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
#define FIND(key, call) call(config_text(config, key), config_where(config, key), errors)
    setup->strategy = FIND("strategy", strategy_find);
    setup->netmodel = FIND("netmodel", netmodel_find);
    setup->cost = FIND("compute", cost_find);
    setup->model = FIND("model", model_parse);
    if (setup->model)
        model_set_recompute(setup->model,
                            (enum recompute)config_choice(setup->config, "recompute"));
    setup->optimizer = FIND("optimizer", optimizer_parse);
    setup->outer = FIND("outer", optimizer_parse);
    setup->schedule = FIND("lr_schedule", schedule_parse);
#undef FIND
    noise_parse(&setup->noise, config_text(config, "noise"), setup->seed,
                config_where(config, "noise"), errors);
    algorithms_check("allreduce", config_text(config, "allreduce"),
                     config_where(config, "allreduce"), errors);
    for (int i = 0; i < ALONG; i++)
        if (config_is_set(config, along[i].key))
            algorithms_check("allreduce", config_text(config, along[i].key),
                             config_where(config, along[i].key), errors);
    mesh_order_read(config_text(config, "mesh.order"), config_where(config, "mesh.order"),
                    &setup->order, errors);
    algorithms_check("allgather", config_text(config, "allgather"),
                     config_where(config, "allgather"), errors);
    algorithms_check("alltoall", config_text(config, "alltoall"), config_where(config, "alltoall"),
                     errors);
    algorithms_check("reduce_scatter", config_text(config, "reduce_scatter"),
                     config_where(config, "reduce_scatter"), errors);
    partition_parse(&setup->partition_spec, config_text(config, "partition"), setup->seed,
                    config_where(config, "partition"), errors);
    compressor_parse(&setup->compressor, config_text(config, "compress"),
                     config_where(config, "compress"), errors);
    return errors->count == 0;
}

static struct model_data data_of(const struct dataset *data)
{
    return (struct model_data){.name = data->name,
                               .width = data->width,
                               .vocabulary = data->vocabulary,
                               .channels = data->image.channels,
                               .height = data->image.height,
                               .image_width = data->image.width,
                               .target_width = data->target_width,
                               .classes = data->classes};
}

/* Timing needs no data: where the user names none, the default need not fit. */
static bool bind_without_data(struct setup *setup)
{
    struct model_data data = data_of(setup->dataset);
    struct errors ignored;
    errors_init(&ignored);
    bool alone = !setup->real && !config_is_given(setup->config, "data") &&
                 model_is_bound(setup->model) &&
                 !model_bind(setup->model, &data, "", &ignored);
    errors_release(&ignored);
    if (!alone)
        return false;
    dataset_free(setup->dataset);
    setup->dataset = NULL;
    return true;
}

static bool bind_model(struct setup *setup, struct errors *errors)
{
    const char *where = config_where(setup->config, "model");
    if (bind_without_data(setup))
        return true;
    struct model_data data = data_of(setup->dataset);
    if (!model_bind(setup->model, &data, where, errors))
        return false;
    return !config_is_set(setup->config, "target_accuracy") || model_tells_classes(setup->model) ||
           errors_add(errors, "%s: the targets of data set %s are real values, so there is no "
                              "accuracy",
                      config_where(setup->config, "target_accuracy"), setup->dataset->name);
}

static size_t asked_rows(const struct config *config, const char *key)
{
    return config_is_set(config, key) ? config_whole(config, key) : 0;
}

static bool resolve_data(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    if (!model_takes_data(setup->model))
        return true;
    struct dataset_request request = {
        .text = config_text(config, "data"),
        .where = config_where(config, "data"),
        .seed = setup->seed,
        .context = model_context(setup->model),
        .train_rows = asked_rows(config, "data.train_rows"),
        .test_rows = asked_rows(config, "data.test_rows"),
        .shapes_only = !setup->real && !setup->partition_spec.ops->assign,
        .shuffled = !strcmp(config_text(config, "data.order"), "shuffled"),
    };
    setup->dataset = dataset_open(&request, errors);
    return setup->dataset && bind_model(setup, errors);
}

/* Goyal et al. 2017 scale the rate with the batch: linearly, with the number of workers. */
static double rate_factor(const struct setup *setup)
{
    int nodes = setup->nodes - (setup->strategy->serves_shares ? setup->servers : 0);
    const double factors[] = {1, nodes, sqrt(nodes)}; /* none, linear, sqrt */
    return factors[config_choice(setup->config, "lr_scaling")];
}

static bool resolve_steps(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    bool epochs = config_is_set(config, "epochs");
    if (epochs && config_is_set(config, "steps"))
        return errors_add(errors, "%s: steps is given as well (%s); give one of the two",
                          config_where(config, "epochs"), config_where(config, "steps"));
    if (epochs && setup->strategy->has_server)
        return errors_add(errors, "%s: a step of strategy %s is a round: give steps",
                          config_where(config, "epochs"), setup->strategy->name);
    uint64_t steps = STEPS_DEFAULT;
    if (config_is_set(config, "steps"))
        steps = config_whole(config, "steps");
    if (epochs && !setup->dataset)
        return errors_add(errors, "%s: without data there are no epochs; give steps",
                          config_where(config, "epochs"));
    if (epochs)
        steps = (config_whole(config, "epochs") * setup->dataset->train_rows + setup->batch - 1) /
                setup->batch;
    if (steps > 1000000000)
        return errors_add(errors, "%s: %llu steps are more than 1,000,000,000",
                          config_where(config, epochs ? "epochs" : "steps"),
                          (unsigned long long)steps);
    setup->steps = (int)steps;
    schedule_fit(setup->schedule, steps, rate_factor(setup));
    return true;
}

/* Settings that contradict each other. */
static bool check_agreement(const struct setup *setup, struct errors *errors)
{
    static const char *const need_maths[] = {"init", "resume", "save", "target_accuracy",
                                             "target_loss"};
    const struct config *config = setup->config;
    for (int i = 0; i < 5 && !setup->real; i++)
        if (config_is_set(config, need_maths[i]))
            errors_add(errors, "%s: %s needs math=on: with math=off nothing is trained",
                       config_where(config, need_maths[i]), need_maths[i]);
    if (config_is_set(config, "target_loss") && config_is_set(config, "target_accuracy"))
        errors_add(errors, "%s: target_accuracy is given as well (%s); give one of the two",
                   config_where(config, "target_loss"), config_where(config, "target_accuracy"));
    if (setup->cost && !setup->cost->duration && !setup->real)
        errors_add(errors, "%s: compute=%s times the maths, so it needs math=on",
                   config_where(config, "compute"), setup->cost->name);
    return errors->count == 0;
}

static int count_workers(const struct setup *setup, int replicas)
{
    int servers = setup->strategy->serves_shares ? setup->servers : 0;
    return replicas > servers ? replicas - servers : 1;
}

/* Of strategies whose ranks wait for virtual time. */
static bool check_free(const struct setup *setup, int workers, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *name = setup->strategy->name;
    bool backup = strstr(setup->strategy->options, "backup");
    bool targets = config_is_set(config, "target_accuracy") || config_is_set(config, "target_loss");
    if (config_is_set(config, "goal"))
        return errors_add(errors, "%s: what strategy %s does depends on the time, which GOAL cannot say",
                          config_where(config, "goal"), name);
    bool by_program = !strcmp(config_text(config, "cluster.loggp.ports"), "program_order");
    if (setup->netmodel->overhead &&
        (by_program || config_is_set(config, "cluster.loggp.rendezvous")))
        return errors_add(errors, "%s: strategy %s takes what is delivered first, and %s would deliver nothing "
                                  "that is not asked for by its sender's name: leave it out",
                          config_where(config, by_program ? "cluster.loggp.ports" : "cluster.loggp.rendezvous"),
                          name, by_program ? "cluster.loggp.ports=program_order" : "cluster.loggp.rendezvous");
    if (backup && setup->servers > 1)
        return errors_add(errors, "%s: servers of strategy %s would drop different workers' gradients: give "
                                  "servers=1", config_where(config, "servers"), name);
    if (targets && setup->servers > 1)
        return errors_add(errors, "%s: several servers of strategy %s have no step in common at which to stop: "
                                  "give servers=1", config_where(config, "servers"), name);
    return !backup || config_whole(config, "backup") < (uint64_t)workers ||
           errors_add(errors, "%s: %d workers of strategy %s cannot do without %s of them",
                      config_where(config, "backup"), workers, name, config_text(config, "backup"));
}

int setup_workers(const struct setup *setup)
{
    return count_workers(setup, mesh_replicas(setup->shape));
}

static bool check_servers(const struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *where = config_where(config, "strategy"), *name = setup->strategy->name;
    int workers = mesh_replicas(setup->shape) - setup->servers;
    if (workers < 1)
        return errors_add(errors, "%s: strategy %s needs workers besides servers=%d: give nodes=%d or more",
                          where, name, setup->servers, setup->servers + 1);
    size_t microbatches = setup->microbatches > 0 ? (size_t)setup->microbatches : 1;
    if ((size_t)workers * microbatches > setup->batch)
        return errors_add(errors, "%s: a batch of %zu rows in %zu microbatches has an empty share for %d "
                                  "workers of strategy %s",
                          where, setup->batch, microbatches, workers, name);
    if (optimizer_needs_norms(setup->optimizer))
        return errors_add(errors, "%s: %s needs norms of whole tensors, and the servers of strategy %s have "
                                  "shares; sgd, adam and adamw can",
                          config_where(config, "optimizer"), config_text(config, "optimizer"), name);
    if (setup->strategy->runs_free && !check_free(setup, workers, errors))
        return false;
    return !config_is_set(config, "clip") ||
           errors_add(errors, "%s: clip needs the norm of all gradients, and the servers of strategy %s have "
                              "shares of them",
                      config_where(config, "clip"), name);
}

int setup_microbatches(const struct setup *setup)
{
    const struct config *config = setup->config;
    if (config_choice(config, "microbatches") < 0)
        return (int)config_whole(config, "microbatches");
    int replicas = mesh_replicas(setup->shape);
    size_t least_rows =
        setup->strategy->has_server ? 1 : setup->batch / (size_t)count_workers(setup, replicas);
    size_t automatic =
        setup->shape.pipeline > 1 ? MICROBATCHES_A_STAGE * (size_t)setup->shape.pipeline : 1;
    return (int)(automatic < least_rows ? automatic : least_rows);
}

/* An axis that no layer is split along. */
static bool check_axes(const struct config *config, struct errors *errors)
{
    return asked(config, "mesh.context") <= 1 ||
           errors_add(errors, "%s: no strategy splits layers along context as yet; give mesh.context=1",
                      config_where(config, "mesh.context"));
}

/* Where a schedule takes chunks: groups of as many microbatches as stages go through them. */
static bool resolve_chunks(struct setup *setup, bool automatic, struct errors *errors)
{
    const struct config *config = setup->config;
    int stages = setup->shape.pipeline;
    bool chunked = setup->strategy->spreads_pipeline && setup_pipeline(setup)->chunked && stages > 1;
    struct errors reason;
    setup->chunks = chunked ? (int)config_whole(config, "pipeline.chunks") : 1;
    if (!chunked)
        return true;
    if (strcmp(config_text(config, "pipeline.split"), "by_flops"))
        return errors_add(errors, "%s: chunks of pipeline.schedule=interleaved are split by flops: give "
                                  "pipeline.split=by_flops or another schedule",
                          config_where(config, "pipeline.split"));
    if (automatic && setup->microbatches > stages)
        setup->microbatches -= setup->microbatches % stages;
    if (setup->microbatches % stages)
        return errors_add(errors, "%s: the schedule takes microbatches in groups of the %d stages: "
                                  "give microbatches=%d, or another multiple of %d",
                          config_where(config, "pipeline.schedule"), stages,
                          (setup->microbatches / stages + 1) * stages, stages);
    errors_init(&reason);
    bool good = model_fits(setup->model, stages * setup->chunks, setup->shape.tensor, &reason);
    if (!good)
        errors_add(errors, "%s: %d chunks on each of %d stages do not fit: %s",
                   config_where(config, "pipeline.chunks"), setup->chunks, stages, reason.messages[0]);
    errors_release(&reason);
    return good;
}

static bool resolve_mesh(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    struct mesh_shape wanted = {.data = asked(config, "mesh.data"),
                                .tensor = asked(config, "mesh.tensor"),
                                .pipeline = asked(config, "mesh.pipeline"),
                                .expert = asked(config, "mesh.expert")};
    if (!check_axes(config, errors))
        return false;
    setup->nodes = count_nodes(setup, wanted);
    setup->batch = config_whole(config, "batch");
    setup->servers = setup->strategy->has_server      ? 1
                     : setup->strategy->serves_shares ? (int)config_whole(config, "servers")
                                                      : 0;
    if (!strcmp(config_text(config, "scaling"), "weak"))
        setup->batch *= (size_t)count_workers(setup, setup->nodes);
    int given =
        config_choice(config, "microbatches") < 0 ? (int)config_whole(config, "microbatches") : 0;
    /* Clients have batches of their own, and other servers none. */
    size_t shared = setup->servers ? INT_MAX : setup->batch;
    if (!strategy_mesh(setup->strategy, setup->model, setup->nodes, shared, given ? given : 1,
                       wanted, config_where(config, "strategy"), &setup->shape, errors))
        return false;
    setup->microbatches = setup_microbatches(setup);
    if (!resolve_chunks(setup, !given, errors))
        return false;
    return !setup->strategy->serves_shares || check_servers(setup, errors);
}

static bool resolve_cluster(struct setup *setup, struct errors *errors)
{
    int nodes = (int)config_whole(setup->config, "nodes");
    if (config_source(setup->config, "nodes") == SOURCE_DEFAULT)
        nodes = setup->nodes;
    setup->cluster = cluster_create(setup->config, nodes, errors);
    if (!setup->cluster)
        return false;
    if (nodes < setup->nodes)
        return errors_add(errors, "%s: the mesh has %d nodes, but the cluster only nodes=%d",
                          config_where(setup->config, "nodes"), setup->nodes, nodes);
    return true;
}

/* `length` ranks `stride` apart, from each rank that is first on the axis. */
static bool axis_fits(const struct setup *setup, struct algorithms *algorithms, enum mesh_axis axis,
                      struct errors *errors)
{
    int length = mesh_length(setup->shape, axis);
    int stride = mesh_stride(setup->shape, &setup->order, axis);
    int *nodes = memory_zeroed((size_t)length, sizeof *nodes);
    bool good = true;
    for (int first = 0; good && first < setup->nodes; first++) {
        if (first / stride % length)
            continue;
        for (int i = 0; i < length; i++)
            nodes[i] = first + i * stride;
        good = algorithms_fit(algorithms, nodes, length, errors);
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

static struct algorithms *allreduce_along(const struct setup *setup, enum mesh_axis axis)
{
    return setup->allreduce_along[axis] ? setup->allreduce_along[axis] : setup->allreduce;
}

static bool allreduces_fit(const struct setup *setup, struct errors *errors)
{
    bool good = true, clips = config_is_set(setup->config, "clip");
    for (int i = 0; i < ALONG && good; i++)
        if (along[i].axis != AXIS_PIPELINE || clips)
            good = axis_fits(setup, allreduce_along(setup, along[i].axis), along[i].axis, errors);
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
    if (setup->shape.pipeline > 1 && model_is_tied(setup->model))
        return errors_add(errors, "%s: zero leaves a node a share of the table that the first and the "
                          "last stage must add up; give zero=0, mesh.pipeline=1 or a model that is not "
                          "tied", where);
    if (zero > 1 && setup->chunks > 1)
        return errors_add(errors, "%s: zero=%d goes through a stage's layers once, and "
                                  "pipeline.schedule=interleaved has chunks of them; give zero=1 or another "
                                  "schedule", where, zero);
    if (zero == 3 && config_choice(config, "recompute") == 2)
        return errors_add(errors, "%s: recompute=full goes through a block's layers again before their way "
                                  "back, when zero=3 has not gathered them; give zero=2 or "
                                  "recompute=selective", where);
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
    bool together = setup->strategy->spreads_data && !setup->strategy->updates_alone;
    int asked = atoi(config_text(setup->config, "zero"));
    setup->zero = together && setup->shape.data > 1 ? asked : 0;
    setup->prefetch = (int)config_whole(setup->config, "zero.prefetch");
    return !setup->zero || setup_check_zero(setup, setup->zero, errors);
}

bool setup_collectives_fit(const struct setup *setup, struct errors *errors)
{
    return allreduces_fit(setup, errors) && axis_fits(setup, setup->alltoall, AXIS_EXPERT, errors) &&
           axis_fits(setup, setup->reduce_scatter, AXIS_DATA, errors) &&
           axis_fits(setup, setup->reduce_scatter, AXIS_TENSOR, errors) &&
           axis_fits(setup, setup->allgather, AXIS_DATA, errors) &&
           axis_fits(setup, setup->allgather, AXIS_TENSOR, errors);
}

static bool resolve_sequence(struct setup *setup, struct errors *errors)
{
    struct errors why;
    errors_init(&why);
    setup->sequence = config_on(setup->config, "tensor.sequence") && setup->shape.tensor > 1;
    bool good = !setup->sequence || model_fits_sequence(setup->model, setup->shape.tensor, &why) ||
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
    if (setup->zero)
        return errors_add(errors, "%s: zero is not for meshes with an expert axis as yet: experts and the "
                                  "rest have replicas of their own; give zero=0",
                          config_where(config, "zero"));
    return !optimizer_needs_norms(setup->optimizer) ||
           errors_add(errors, "%s: %s needs norms of whole tensors, and ranks of mesh.expert have shares of "
                              "the experts'; sgd, adam and adamw can",
                      config_where(config, "optimizer"), config_text(config, "optimizer"));
}

static bool resolve_collectives(struct setup *setup, struct errors *errors)
{
    if (!resolve_zero(setup, errors) || !resolve_sequence(setup, errors))
        return false;
    setup->reduce_scatter = algorithms_of(setup, "reduce_scatter", "reduce_scatter", errors);
    setup->allgather = algorithms_of(setup, "allgather", "allgather", errors);
    setup->alltoall = algorithms_of(setup, "alltoall", "alltoall", errors);
    return check_experts(setup, errors) && resolve_allreduces(setup, errors) && setup->allgather &&
           setup->reduce_scatter && setup->alltoall && setup_collectives_fit(setup, errors);
}

static bool check_clients(const struct setup *setup, int clients, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *where = config_where(config, "strategy"), *name = setup->strategy->name;
    if (clients < 1)
        return errors_add(errors, "%s: strategy %s has a server, node 0, and clients: give nodes=2 or "
                          "more", where, name);
    if (!setup->partition_spec.ops->assign)
        return errors_add(errors, "%s: the clients of strategy %s have rows of their own: give a "
                          "partition such as partition=iid (threadrack list partitions)", where, name);
    return setup->dataset || errors_add(errors, "%s: strategy %s needs a model that takes input", where,
                                        name);
}

/* One node has all rows, whatever was asked for. */
static bool resolve_partition(struct setup *setup, struct errors *errors)
{
    int parts = mesh_replicas(setup->shape) - setup->servers;
    if (setup->strategy->has_server && !check_clients(setup, parts, errors))
        return false;
    if (!setup->dataset || !setup->partition_spec.ops->assign || mesh_replicas(setup->shape) == 1)
        return true;
    setup->partition =
        partition_create(&setup->partition_spec, setup->dataset, parts,
                         config_where(setup->config, "partition"), errors);
    return setup->partition;
}

static void resolve_federated(struct setup *setup)
{
    const struct config *config = setup->config;
    setup->federated = (struct federated_plan){
        .clients = config_choice(config, "federated.clients") == 0
                       ? 0
                       : (int)config_whole(config, "federated.clients"),
        .epochs = config_whole(config, "federated.epochs"),
        .batch = config_whole(config, "federated.batch"),
        .mu = config_real(config, "federated.mu")};
}

/* What strategies whose replicas update alone go by. */
static bool resolve_local(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    struct local_plan *local = &setup->local;
    local->steps = config_whole(config, "local_steps");
    local->across =
        config_is_set(config, "across_steps") ? config_whole(config, "across_steps") : 4 * local->steps;
    local->outer = setup->outer;
    local->graph = config_choice(config, "gossip.graph");
    resolve_federated(setup);
    local->mix_after = config_choice(config, "gossip.mix") == 1;
    if (!setup->strategy->needs_boxes)
        return true;
    int sizes[CLUSTER_LEVELS_MOST], levels = cluster_nesting(setup->cluster, sizes);
    setup->box = config_is_set(config, "box") ? (int)config_whole(config, "box")
                 : levels > 1                ? sizes[0]
                                             : 0;
    if (setup->box == 0)
        return errors_add(errors, "%s: strategy %s averages within boxes, and topology %s has none: give "
                          "box=4, say, or a cluster such as boxes-of-8", config_where(config, "strategy"),
                          setup->strategy->name, config_text(config, "cluster.topology"));
    return local->across % local->steps == 0 ||
           errors_add(errors, "%s: across_steps=%zu is not a multiple of local_steps=%zu",
                      config_where(config, "across_steps"), local->across, local->steps);
}

/* Found before anything is trained. */
static bool check_writable(const struct setup *setup, const char *key, struct errors *errors)
{
    if (!config_is_set(setup->config, key))
        return true;
    char *path = memory_text("%s", config_text(setup->config, key));
    const char *folder = dirname(path);
    bool good = access(folder, W_OK | X_OK) == 0 ||
                errors_add(errors, "%s: cannot write in the folder '%s': %s",
                           config_where(setup->config, key), folder, strerror(errno));
    free(path);
    return good;
}

static bool check_watch(const struct setup *setup, struct errors *errors)
{
    return check_writable(setup, "trace", errors) && watch_check(setup, errors);
}

bool setup_resolve(struct setup *setup, const struct config *config, struct errors *errors)
{
    *setup = (struct setup){.config = config,
                            .real = config_on(config, "math"),
                            .seed = config_whole(config, "seed"),
                            .eval_every = (int)config_whole(config, "eval_every"),
                            .target_accuracy = NAN,
                            .target_loss = NAN};
    if (config_is_set(config, "target_accuracy"))
        setup->target_accuracy = config_real(config, "target_accuracy");
    if (config_is_set(config, "target_loss"))
        setup->target_loss = config_real(config, "target_loss");
    bool members = resolve_members(setup, errors);
    if (!check_agreement(setup, errors) || !members)
        return false;
    if (setup->strategy == &strategy_replay)
        return replay_resolve(setup, errors) && check_watch(setup, errors) &&
               setup_resolver(setup, errors);
    if (config_is_set(config, "replay.goal"))
        return errors_add(errors, "%s: replay.goal is of strategy=replay only",
                          config_where(config, "replay.goal"));
    if (!resolve_data(setup, errors) || !resolve_mesh(setup, errors) ||
        !resolve_cluster(setup, errors) || !resolve_collectives(setup, errors) ||
        !resolve_partition(setup, errors) || !resolve_local(setup, errors) ||
        !resolve_steps(setup, errors) || !stages_resolve(setup, errors) ||
        !shares_resolve(setup, errors) || !saving_resolve(setup, errors) ||
        !check_writable(setup, "save", errors) || !check_writable(setup, "goal", errors) ||
        !check_watch(setup, errors) || !closed_resolve(setup, errors) ||
        !setup_resolver(setup, errors))
        return false;
    if (setup->real && setup->dataset)
        setup->loader =
            loader_create(setup->dataset, !strcmp(config_text(config, "data.order"), "shuffled"),
                          setup->batch, setup->seed);
    if (setup->loader && setup->partition)
        loader_part(setup->loader, setup->partition);
    saving_place(setup);
    return true;
}

void setup_release(struct setup *setup)
{
    if (setup->init)
        checkpoint_free(setup->init);
    if (setup->loader)
        loader_free(setup->loader);
    partition_free(setup->partition);
    partition_spec_release(&setup->partition_spec);
    if (setup->dataset)
        dataset_free(setup->dataset);
    algorithms_free(setup->allreduce);
    for (int axis = 0; axis < MESH_AXES; axis++)
        algorithms_free(setup->allreduce_along[axis]);
    algorithms_free(setup->allgather);
    algorithms_free(setup->alltoall);
    algorithms_free(setup->reduce_scatter);
    goal_free(setup->goal);
    free(setup->rows);
    free(setup->stage_layers);
    if (setup->cluster)
        cluster_free(setup->cluster);
    if (setup->optimizer)
        optimizer_spec_free(setup->optimizer);
    if (setup->outer)
        optimizer_spec_free(setup->outer);
    schedule_free(setup->schedule);
    if (setup->model)
        model_spec_free(setup->model);
}

const struct pipeline_schedule *setup_pipeline(const struct setup *setup)
{
    return pipelines[config_choice(setup->config, "pipeline.schedule")];
}

struct plan setup_plan(const struct setup *setup, const struct mesh *mesh)
{
    return (struct plan){.strategy = setup->strategy,
                         .model = setup->model,
                         .optimizer = setup->optimizer,
                         .partition = setup->partition,
                         .schedule = setup->schedule,
                         .clip = config_is_set(setup->config, "clip")
                                     ? config_real(setup->config, "clip")
                                     : 0,
                         .loader = setup->loader,
                         .target_width = model_target_width(setup->model),
                         .mesh = mesh,
                         .batch = setup->batch,
                         .rows = setup->rows,
                         .stage_layers = setup->stage_layers,
                         .microbatches = setup->microbatches,
                         .pipeline = setup_pipeline(setup),
                         .chunks = setup->chunks,
                         .bucket_bytes = config_whole(setup->config, "bucket"),
                         .allreduce = allreduce_along(setup, AXIS_DATA),
                         .allreduce_tensor = allreduce_along(setup, AXIS_TENSOR),
                         .allreduce_pipeline = allreduce_along(setup, AXIS_PIPELINE),
                         .local = setup->local,
                         .federated = setup->federated,
                         .servers = setup->servers,
                         .steps = (size_t)setup->steps,
                         .staleness = config_whole(setup->config, "staleness"),
                         .backup = (int)config_whole(setup->config, "backup"),
                         .deadline_ps = config_is_set(setup->config, "deadline")
                                            ? config_whole(setup->config, "deadline")
                                            : 0,
                         .zero = setup->zero,
                         .prefetch = setup->prefetch,
                         .gather = setup->allgather,
                         .sequence = setup->sequence,
                         .scatter = setup->reduce_scatter,
                         .alltoall = setup->alltoall,
                         .exchange = {.allreduce = setup->zero ? setup->reduce_scatter
                                                               : allreduce_along(setup, AXIS_DATA),
                                      .allgather = setup->allgather,
                                      .compressor = setup->compressor,
                                      .seed = setup->seed}};
}
