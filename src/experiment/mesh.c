/* The mesh that the words ask for, its microbatches and chunks, its servers and workers; and the same words on
 * another mesh. */
#include "resolve.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MICROBATCHES_A_STAGE = 4 };

/* Where the user gives no `nodes`, a mesh says how many there are: one that is given in full, and
 * any mesh where no cluster file says so either. */
static int count_nodes(const struct setup *setup, struct mesh_shape asked)
{
    const struct config *config = setup->config;
    const struct strategy *strategy = setup->strategy;
    bool some = asked.data || asked.tensor || asked.pipeline || asked.context || asked.expert;
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
    for (int axis = 0; axis < MESH_AXES; axis++)
        product *= mesh_length(asked, (enum mesh_axis)axis);
    return product > OP_PEERS_MOST ? OP_PEERS_MOST : (int)product;
}

static int asked(const struct config *config, const char *key)
{
    return config_is_set(config, key) ? (int)config_whole(config, key) : 0;
}

static int count_workers(const struct setup *setup, int replicas)
{
    int servers = setup->strategy->serves_shares ? setup->servers : 0;
    return replicas > servers ? replicas - servers : 1;
}

/* Of strategies whose ranks wait for virtual time. */
static bool check_free(const struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *name = setup->strategy->name;
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
    return true;
}

/* Of nodes that go on by themselves and average two by two. */
static bool check_colours(const struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    int graph = config_choice(config, "gossip.graph");
    if (setup->strategy->serves_shares || gossip_graph_alternates(graph, mesh_replicas(setup->shape)))
        return true;
    return errors_add(errors, "%s: strategy %s needs active nodes whose neighbours are passive, and a %s of %d nodes "
                              "cannot alternate: give an even number%s, or gossip.graph=full",
                      config_where(config, "strategy"), setup->strategy->name, gossip_graphs[graph],
                      mesh_replicas(setup->shape), graph == 1 ? " of rows and of columns" : "");
}

/* Of servers that take what comes first. */
static bool check_loose(const struct setup *setup, int workers, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *name = setup->strategy->name;
    bool backup = strstr(setup->strategy->options, "backup");
    if (backup && setup->servers > 1)
        return errors_add(errors, "%s: servers of strategy %s would drop different workers' gradients: give "
                                  "servers=1", config_where(config, "servers"), name);
    return !backup || config_whole(config, "backup") < (uint64_t)workers ||
           errors_add(errors, "%s: strategy %s has %d worker%s and backup=%s: give more nodes, or a lower backup",
                      config_where(config, config_is_given(config, "backup") ? "backup" : "nodes"), name, workers,
                      workers == 1 ? "" : "s", config_text(config, "backup"));
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
    if (setup->compressor.ops->low_rank)
        return errors_add(errors, "%s: %s sends factors of sums over all replicas, and servers are sent each "
                                  "worker's gradients by themselves: give another compressor, such as topk",
                          config_where(config, "compress"), setup->compressor.ops->name);
    if (setup->strategy->runs_free && !check_loose(setup, workers, errors))
        return false;
    return !config_is_set(config, "clip") ||
           errors_add(errors, "%s: clip needs the norm of all gradients, and the servers of strategy %s have "
                              "shares of them",
                      config_where(config, "clip"), name);
}

static bool are_given(const struct config *config)
{
    return config_choice(config, "microbatches") < 0;
}

static int count_microbatches(const struct setup *setup)
{
    const struct config *config = setup->config;
    if (are_given(config))
        return (int)config_whole(config, "microbatches");
    if (stale_pipeline(setup))
        return 1;
    int replicas = mesh_replicas(setup->shape);
    size_t least_rows =
        setup->strategy->has_server ? 1 : setup->batch / (size_t)count_workers(setup, replicas);
    size_t automatic =
        setup->shape.pipeline > 1 ? MICROBATCHES_A_STAGE * (size_t)setup->shape.pipeline : 1;
    return (int)(automatic < least_rows ? automatic : least_rows);
}

/* As far as is known before the mesh is. */
static int least_microbatches(const struct config *config)
{
    return are_given(config) ? (int)config_whole(config, "microbatches") : 1;
}

/* Where a schedule takes chunks: groups of as many microbatches as stages go through them. */
static bool resolve_chunks(struct setup *setup, struct errors *errors)
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
    if (!are_given(config) && setup->microbatches > stages)
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

static bool resolve_microbatches(struct setup *setup, struct errors *errors)
{
    setup->microbatches = count_microbatches(setup);
    return resolve_chunks(setup, errors) && stale_check(setup, errors);
}

bool resolve_mesh(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    struct mesh_shape wanted = {.data = asked(config, "mesh.data"),
                                .tensor = asked(config, "mesh.tensor"),
                                .pipeline = asked(config, "mesh.pipeline"),
                                .context = asked(config, "mesh.context"),
                                .expert = asked(config, "mesh.expert")};
    model_set_slices(setup->model, (enum slices)config_choice(config, "context.slices"));
    setup->nodes = count_nodes(setup, wanted);
    setup->batch = config_whole(config, "batch");
    setup->servers = setup->strategy->has_server      ? 1
                     : setup->strategy->serves_shares ? (int)config_whole(config, "servers")
                                                      : 0;
    if (!strcmp(config_text(config, "scaling"), "weak"))
        setup->batch *= (size_t)count_workers(setup, setup->nodes);
    /* Clients have batches of their own, and other servers none. */
    size_t shared = setup->servers ? INT_MAX : setup->batch;
    return strategy_mesh(setup->strategy, setup->model, setup->nodes, shared, least_microbatches(config),
                         wanted, config_where(config, config_is_given(config, "strategy") ? "strategy" : "nodes"),
                         &setup->shape, errors) &&
           resolve_microbatches(setup, errors) &&
           (!setup->strategy->serves_shares || check_servers(setup, errors)) &&
           (!setup->strategy->runs_free || (check_free(setup, errors) && check_colours(setup, errors)));
}

const struct pipeline_schedule *setup_pipeline(const struct setup *setup)
{
    return pipelines[config_choice(setup->config, "pipeline.schedule")];
}

bool setup_on_mesh(const struct setup *setup, struct mesh_shape shape, struct setup *other,
                   struct errors *errors)
{
    struct mesh_shape same;
    *other = *setup;
    other->shape = shape;
    other->rows = NULL;
    other->stage_layers = NULL;
    return strategy_mesh(setup->strategy, setup->model, setup->nodes, setup->batch,
                         least_microbatches(setup->config), shape, "", &same, errors) &&
           resolve_microbatches(other, errors) && resolve_groups(other, errors) &&
           stages_resolve(other, errors) && shares_resolve(other, errors);
}

void setup_off_mesh(struct setup *other)
{
    free(other->rows);
    free(other->stage_layers);
}

int setup_first_of_stage(const struct setup *setup, int rank)
{
    int stride = mesh_stride(setup->shape, &setup->order, AXIS_PIPELINE);
    return rank / stride % setup->shape.pipeline * stride;
}

struct mesh *setup_mesh(const struct setup *setup, struct rack *rack)
{
    struct mesh *mesh = mesh_create(rack, setup->shape, &setup->order);
    if (setup->strategy->spreads_pipeline && setup_pipeline(setup)->both_ways)
        mesh_add_back(mesh, rack);
    if (setup->shape.pipeline > 1 && model_is_tied(setup->model))
        mesh_add_ends(mesh, rack);
    if (setup->shard) {
        int *units = setup_shard_units(setup);
        mesh_add_shards(mesh, rack, units);
        free(units);
    }
    if (setup->zero == 3)
        mesh_add_gathers(mesh, rack);
    if (setup->closed && setup->shape.context > 1)
        mesh_close_rings(mesh, setup->netmodel->free_of_cost, setup->precision.bytes[NUMBER_VALUE]);
    if (setup->box)
        mesh_add_boxes(mesh, rack, setup->box);
    return mesh;
}
