/* From words to a setup: members of families, data, partition, steps; what is of the mesh and of its
 * collectives is in mesh.c and collectives.c. */
#include "closed.h"
#include "resolve.h"
#include "saving.h"
#include "watch.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/replace.h"
#include "threadrack/cluster/placement.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS_DEFAULT = 100 };

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
    check_algorithms(config, errors);
    mesh_order_read(config_text(config, "mesh.order"), config_where(config, "mesh.order"),
                    &setup->order, errors);
    placement_check(config_text(config, "placement"), config_where(config, "placement"), errors);
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
    if (config_is_set(setup->config, "target_accuracy") && !setup->dataset->test_rows)
        return errors_add(errors, "%s: all %zu rows of data=%s train, so that none test: there is no accuracy to be "
                                  "reached; give a smaller data.train_rows, or target_loss",
                          config_where(setup->config, "target_accuracy"), setup->dataset->train_rows,
                          config_text(setup->config, "data"));
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

bool setup_place(struct setup *setup, struct errors *errors)
{
    return placement_apply(setup->cluster, config_text(setup->config, "placement"), setup->nodes, setup->seed,
                           config_where(setup->config, "placement"), errors);
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
    return setup_place(setup, errors);
}

/* 0: all. */
static int asked_clients(const struct config *config)
{
    return config_choice(config, "federated.clients") == 0 ? 0 : (int)config_whole(config, "federated.clients");
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
    if (asked_clients(config) > clients)
        return errors_add(errors, "%s: strategy %s has %d clients (nodes but the server), of whom a round cannot "
                          "have %d; give at most federated.clients=%d, or nodes=%d",
                          config_where(config, "federated.clients"), name, clients, asked_clients(config), clients,
                          asked_clients(config) + 1);
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
        .clients = asked_clients(config),
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

/* A folder is no place for a file, and a file that is put in its place when it is whole would replace a device. */
static bool check_place(const struct setup *setup, const char *key, struct errors *errors)
{
    const char *path = config_text(setup->config, key), *where = config_where(setup->config, key);
    struct stat about;
    if (*path && path[strlen(path) - 1] == '/')
        return errors_add(errors, "%s: expected a file's name, and '%s' is a folder's", where, path);
    if (stat(path, &about) != 0)
        return true;
    if (S_ISDIR(about.st_mode))
        return errors_add(errors, "%s: expected a file's name, and '%s' is a folder", where, path);
    if (!S_ISREG(about.st_mode))
        return errors_add(errors, "%s: '%s' is no regular file, and would be replaced", where, path);
    return true;
}

/* One file would replace the other. */
static bool check_apart(const struct setup *setup, const char *key, struct errors *errors)
{
    static const char *const keys[] = {"save", "goal", "trace"};
    const struct config *config = setup->config;
    for (int i = 0; i < 3 && strcmp(keys[i], key); i++)
        if (config_is_set(config, keys[i]) && !strcmp(config_text(config, keys[i]), config_text(config, key)))
            return errors_add(errors, "%s: '%s' is where %s goes (%s); give it a file of its own",
                              config_where(config, key), config_text(config, key), keys[i],
                              config_where(config, keys[i]));
    return true;
}

/* Found before anything is trained. */
static bool check_writable(const struct setup *setup, const char *key, struct errors *errors)
{
    if (!config_is_set(setup->config, key))
        return true;
    if (!check_place(setup, key, errors) || !check_apart(setup, key, errors))
        return false;
    char *path = file_behind_links(config_text(setup->config, key));
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
                            .precision = precision_of(config),
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
        !resolve_cluster(setup, errors) || !precision_check(setup, errors) ||
        !resolve_collectives(setup, errors) ||
        !resolve_partition(setup, errors) || !resolve_local(setup, errors) ||
        !resolve_steps(setup, errors) || !stages_resolve(setup, errors) ||
        !shares_resolve(setup, errors) || !saving_resolve(setup, errors) ||
        !check_writable(setup, "save", errors) || !check_writable(setup, "goal", errors) ||
        !check_watch(setup, errors) || !closed_resolve(setup, errors) || !evaluation_resolve(setup, errors) ||
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
    release_collectives(setup);
    goal_free(setup->goal);
    free(setup->rows);
    free(setup->stage_layers);
    free(setup->layer_costs);
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
                         .input_width = model_input_width(setup->model),
                         .mesh = mesh,
                         .batch = setup->batch,
                         .rows = setup->rows,
                         .stage_layers = setup->stage_layers,
                         .microbatches = setup->microbatches,
                         .pipeline = setup_pipeline(setup),
                         .chunks = setup->chunks,
                         .bucket_bytes = config_whole(setup->config, "bucket"),
                         .allreduce = setup_allreduce(setup, AXIS_DATA),
                         .allreduce_tensor = setup_allreduce(setup, AXIS_TENSOR),
                         .allreduce_pipeline = setup_allreduce(setup, AXIS_PIPELINE),
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
                         .tensor_chunks = setup->shape.tensor > 1
                                              ? (int)config_whole(setup->config, "tensor.chunks")
                                              : 1,
                         .scatter = setup->reduce_scatter,
                         .ring_waits = !config_on(setup->config, "context.overlap"),
                         .alltoall = setup->alltoall,
                         .exchange = {.allreduce = setup->zero ? setup->reduce_scatter
                                                               : setup_allreduce(setup, AXIS_DATA),
                                      .allgather = setup->allgather,
                                      .compressor = setup->compressor,
                                      .seed = setup->seed}};
}
