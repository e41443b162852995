/* What is said aloud about a run: settings without effect, costs that are not modelled, models out
 * of their range. */
#include "saving.h"

#include "threadrack/comm/algorithms.h"

#include <string.h>

/* A setting that was given and does nothing here, and why. */
struct idle_setting {
    const char *key;
    bool idle;
    const char *why;
};

static bool options_have(const struct strategy *strategy, const char *key)
{
    return strstr(strategy->options, key);
}

static bool any_slow(const struct cluster *cluster, int nodes)
{
    bool any = false;
    for (int i = 0; i < nodes; i++)
        any = any || cluster->devices[i].speed != 1.0;
    return any;
}

static bool draws_cluster(const struct config *config)
{
    return strcmp(config_text(config, "cluster.slow.spread"), "none") ||
           strcmp(config_text(config, "cluster.slow.link_spread"), "none") ||
           config_real(config, "cluster.slow.link_fraction") > 0;
}

static bool names_slow_links(const struct config *config)
{
    return config_is_set(config, "cluster.slow.links") ||
           config_real(config, "cluster.slow.link_fraction") > 0;
}

static bool gathers(const struct setup *setup)
{
    bool together = !setup->strategy->updates_alone && !setup->strategy->serves_shares;
    bool replicas = mesh_holders(setup->shape) > 1 && together && (setup->compressor.ops->words || setup->zero);
    return replicas ||
           (setup->shape.tensor > 1 && !setup->goal && model_shares_outputs(setup->model));
}

static int axes_used(struct mesh_shape shape)
{
    int used = 0;
    for (int axis = 0; axis < MESH_AXES; axis++)
        used += mesh_length(shape, (enum mesh_axis)axis) > 1;
    return used;
}

static bool all_have_own(const struct setup *setup)
{
    struct mesh_shape shape = setup->shape;
    return (mesh_holders(shape) == 1 || setup->allreduce_along[AXIS_DATA]) &&
           (shape.tensor == 1 || setup->allreduce_along[AXIS_TENSOR]);
}

/* Attention over a context group makes probabilities again as it is. */
static bool recomputes(const struct setup *setup)
{
    enum recompute kind = (enum recompute)config_choice(setup->config, "recompute");
    bool ring = mesh_length(setup->shape, AXIS_CONTEXT) > 1;
    return kind == RECOMPUTE_NONE || (model_can_recompute(setup->model, kind) &&
                                      !(ring && kind == RECOMPUTE_SELECTIVE));
}

static void note_idle(const struct setup *setup, struct result *result)
{
    const struct strategy *strategy = setup->strategy;
    bool exchanges = strategy->spreads_data && !strategy->updates_alone &&
                     !strategy->serves_shares && mesh_holders(setup->shape) > 1;
    bool sums = (mesh_holders(setup->shape) > 1 && !strategy->serves_shares) ||
                setup->shape.tensor > 1;
    bool loggp = setup->netmodel->overhead, free_net = setup->netmodel->free_of_cost;
    bool flow = setup->netmodel->shares_links;
    bool measured = !setup->cost->duration, no_maths = !setup->real;
    const struct idle_setting settings[] = {
        {"bucket", !exchanges, "no gradients are all-reduced"},
        {"servers", !strategy->serves_shares, "the strategy has no servers that share the parameters"},
        {"staleness", !options_have(strategy, "staleness"), "only strategy=ssp_server reads it"},
        {"backup", !options_have(strategy, "backup"), "only strategy=backup_workers reads it"},
        {"deadline", !options_have(strategy, "deadline"), "only strategy=backup_workers reads it"},
        {"local_steps", !options_have(strategy, "local_steps"), "the strategy takes none"},
        {"across_steps", !options_have(strategy, "across_steps"), "only strategy=hierarchical reads it"},
        {"outer", !options_have(strategy, "outer"), "only strategy=diloco reads it"},
        {"gossip.graph", !options_have(strategy, "gossip.graph"), "only strategies gossip and async_gossip read it"},
        {"gossip.mix", !options_have(strategy, "gossip.mix"), "only strategy=gossip reads it"},
        {"federated.clients", !strategy->has_server, "the strategy has no clients"},
        {"federated.epochs", !strategy->has_server, "the strategy has no clients"},
        {"federated.batch", !strategy->has_server, "the strategy has no clients"},
        {"federated.mu", !options_have(strategy, "federated.mu"), "only strategy=fedprox reads it"},
        {"batch", strategy->has_server, "clients have batches of their own (federated.batch)"},
        {"shares", !setup->rows && strcmp(config_text(setup->config, "shares"), "even"),
         strategy->has_server ? "clients have batches of their own (federated.batch)"
                              : "one node has the whole batch"},
        {"microbatches", strategy->has_server, "clients take minibatches whole"},
        {"pipeline.schedule", !strategy->spreads_pipeline, "the strategy has no stages"},
        {"pipeline.chunks", setup->chunks == 1 && config_whole(setup->config, "pipeline.chunks") > 1,
         "only pipeline.schedule=interleaved reads it, of two stages or more"},
        {"pipeline.split", setup->shape.pipeline == 1, "there is one stage"},
        {"box", !strategy->needs_boxes, "only strategy=hierarchical reads it"},
        {"allreduce", !sums || all_have_own(setup), sums ? "each axis has its own" : "nothing is all-reduced"},
        {"allreduce.data", mesh_holders(setup->shape) == 1 || strategy->serves_shares || (setup->zero && !setup->shard),
         "nothing is all-reduced along data"},
        {"allreduce.tensor", setup->shape.tensor == 1, "nothing is all-reduced along tensor"},
        {"allreduce.pipeline", setup->shape.pipeline == 1 ||
                                   !(config_is_set(setup->config, "clip") || model_is_tied(setup->model)),
         "nothing is all-reduced along pipeline"},
        {"mesh.order", axes_used(setup->shape) < 2, "the mesh has no two axes"},
        {"context.overlap", mesh_length(setup->shape, AXIS_CONTEXT) == 1, "the mesh has no context axis"},
        {"context.slices", mesh_length(setup->shape, AXIS_CONTEXT) == 1, "the mesh has no context axis"},
        {"placement", !setup->cluster->node_of && strcmp(config_text(setup->config, "placement"), "packed"),
         "rank i is on node i, as packed has it"},
        {"compress", !exchanges && !strategy->serves_shares,
         "no gradients are exchanged between replicas"},
        {"tensor.sequence", setup->shape.tensor == 1 && config_on(setup->config, "tensor.sequence"),
         "the mesh has no tensor axis"},
        {"tensor.chunks", setup->shape.tensor == 1 && config_whole(setup->config, "tensor.chunks") > 1,
         "the mesh has no tensor axis"},
        {"allgather", !gathers(setup),
         "nothing is all-gathered: only coded gradients (compress), zero's parameters, sequences "
         "(tensor.sequence) and what a loss over a split vocabulary needs are"},
        {"alltoall", mesh_length(setup->shape, AXIS_EXPERT) == 1,
         "nothing is exchanged between experts: mesh.expert is 1"},
        {"reduce_scatter", !setup->zero && !setup->sequence,
         "nothing is reduce-scattered: only zero's gradients and sequences (tensor.sequence) are"},
        {"recompute", !recomputes(setup),
         mesh_length(setup->shape, AXIS_CONTEXT) > 1
             ? "the model keeps nothing that it would drop (ring attention keeps no probabilities)"
             : "the model keeps nothing that it would drop"},
        {"precision.gradients",
         !setup->precision.masters && config_choice(setup->config, "precision.gradients"),
         "they are fp32 as all is (precision)"},
        {"zero", !setup->zero && strcmp(config_text(setup->config, "zero"), "0"),
         "there are no replicas that update together (strategy data or hybrid, mesh.data, mesh.context or mesh.expert "
         "above 1)"},
        {"zero.shard", !setup->shard && config_choice(setup->config, "zero.shard"),
         setup->zero ? "all replicas share as it is" : "zero is 0"},
        {"zero.prefetch", setup->zero != 3, "only zero=3 reads it"},
        {"cluster.link.bandwidth", free_net, "messages are free under this netmodel"},
        {"cluster.link.latency", free_net, "messages are free under this netmodel"},
        {"cluster.loggp.overhead", !loggp, "only netmodel=loggp reads it"},
        {"cluster.loggp.overhead_per_byte", !loggp, "only netmodel=loggp reads it"},
        {"cluster.loggp.rendezvous", !loggp, "only netmodel=loggp reads it"},
        {"cluster.loggp.gap", !loggp, "only netmodel=loggp reads it"},
        {"cluster.loggp.offload", !loggp, "only netmodel=loggp reads it"},
        {"cluster.flow.preset", !flow, "only netmodel=flow reads it"},
        {"cluster.flow.fairness", !flow, "only netmodel=flow reads it"},
        {"cluster.flow.bandwidth_factor", !flow, "only netmodel=flow reads it"},
        {"cluster.flow.latency_factor", !flow, "only netmodel=flow reads it"},
        {"cluster.flow.crosstraffic", !flow, "only netmodel=flow reads it"},
        {"cluster.flow.window", !flow, "only netmodel=flow reads it"},
        {"cluster.flow.weight", !flow || !setup->cluster->flow.by_rtt,
         "only netmodel=flow with fairness=rtt reads it"},
        {"cluster.loggp.ports", !loggp, "only netmodel=loggp reads it"},
        {"clock.kernels", setup->resolver != &resolver_dataflow,
         "only clock.resolver=dataflow reads it"},
        {"clock.threads", setup->clock_threads == 1 && config_choice(setup->config, "clock.threads"),
         setup->goal ? "a replay runs no rank programs"
         : setup->strategy->runs_free ? "rank programs that wait for virtual time take turns with the clock"
                     : "with math=on the ranks' own threads resolve the run"},
        {"cluster.device.flops", measured, "compute=measured times this host"},
        {"cluster.device.memory_bandwidth", measured, "compute=measured times this host"},
        {"cluster.device.launch", measured, "compute=measured times this host"},
        {"cluster.device.add_bandwidth", !sums, "nothing is added by a collective"},
        {"lr_schedule", no_maths, "nothing is trained: only steps.csv shows the rate"},
        {"lr_scaling", setup->nodes == 1, "there is one node"},
        {"clip", !setup->goal && model_parameter_count(setup->model) == 0,
         "the model has no parameters"},
        {"replay.rules", !setup->goal, "only strategy=replay reads it"},
        {"cluster.format", !config_is_given(setup->config, "cluster"), "there is no cluster file"},
        {"save.every", !config_is_set(setup->config, "save"), "nothing is saved"},
        {"save.state", !config_is_set(setup->config, "save"), "nothing is saved"},
        {"data", !setup->dataset, "the model takes no input"},
        {"partition", !setup->partition,
         "one node has all the rows, or none are read"},
        {"data.order", no_maths || !setup->dataset, "no rows are read"},
        {"data.test_rows", (no_maths && !setup->timed_test_rows) || !setup->dataset, "nothing is evaluated"},
        {"eval_every", (no_maths && !setup->timed_test_rows) || !setup->dataset, "nothing is evaluated"},
        {"evaluate.clock", config_on(setup->config, "evaluate.clock") && !setup->timed_test_rows,
         "nothing is evaluated"},
        {"math.kernel", no_maths, "nothing is computed"},
        {"trace.steps", !config_is_set(setup->config, "trace"), "no trace is written"},
        {"trace.nodes", !config_is_set(setup->config, "trace"), "no trace is written"},
        {"cluster.slow.fraction",
         config_real(setup->config, "cluster.slow.fraction") > 0 && !any_slow(setup->cluster, setup->nodes),
         "it is less than one node of this run, or at full speed"},
        {"cluster.slow.speed", !any_slow(setup->cluster, setup->nodes), "no node of this run is slow"},
        {"cluster.slow.seed", !draws_cluster(setup->config), "nothing is drawn"},
        {"cluster.slow.links", free_net, "messages are free under this netmodel"},
        {"cluster.slow.link_fraction",
         free_net || (config_real(setup->config, "cluster.slow.link_fraction") > 0 && !setup->cluster->slow_links),
         free_net ? "messages are free under this netmodel" : "it is less than one cable, or at full speed"},
        {"cluster.slow.link_spread", free_net, "messages are free under this netmodel"},
        {"cluster.slow.link_trace", free_net, "messages are free under this netmodel"},
        {"cluster.slow.link_speed", free_net || !names_slow_links(setup->config), "no link is slow by it"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].idle && !(setup->goal && replay_ignores(settings[i].key)) &&
            config_source(setup->config, settings[i].key) > SOURCE_CLUSTER)
            result_note(result, "%s=%s has no effect in this run: %s", settings[i].key,
                        config_text(setup->config, settings[i].key), settings[i].why);
}

/* What the flow model does beside plain sharing. */
static void note_flow(const struct setup *setup, struct result *result)
{
    const struct flow_settings *flow = &setup->cluster->flow;
    bool plain = !flow->by_rtt && !flow->crosstraffic && flow->bandwidth_factor == 1 &&
                 flow->latency_factor == 1 && flow->window_bytes == 0;
    if (!setup->netmodel->shares_links || plain)
        return;
    result_note(result,
                "netmodel=flow: fairness=%s bandwidth_factor=%g latency_factor=%g crosstraffic=%s "
                "window=%lluB weight=%lluB (a window of 0 is none)",
                flow->by_rtt ? "rtt" : "equal", flow->bandwidth_factor, flow->latency_factor,
                flow->crosstraffic ? "on" : "off", (unsigned long long)flow->window_bytes,
                (unsigned long long)flow->weight_bytes);
}

/* What a model that does not share links makes of cables that say how they are shared. */
static void note_sharing(const struct setup *setup, struct result *result)
{
    const struct cluster *cluster = setup->cluster;
    int cables = 0;
    if (setup->netmodel->shares_links && !setup->netmodel->free_of_cost)
        return;
    for (int i = 0; i < cluster->link_count; i += 2)
        cables += cluster->links[i].fatpipe || cluster->links[i].half_duplex;
    if (cables)
        result_note(result,
                    "netmodel=%s does not share links: the fatpipes and half-duplex cables (%d) have "
                    "no effect (netmodel=flow heeds them)",
                    setup->netmodel->name, cables);
}

/* What goes by bandwidths that do not last. */
static void note_link_trace(const struct setup *setup, struct result *result)
{
    if (!setup->cluster->link_traces || setup->netmodel->free_of_cost)
        return;
    if (!setup->netmodel->shares_links)
        result_note(result,
                    "netmodel=%s: a message keeps the bandwidth of its start, whatever cluster.slow.link_trace "
                    "does while it is under way (netmodel=flow follows it)",
                    setup->netmodel->name);
    if (setup->cluster->flow.by_rtt && setup->netmodel->shares_links)
        result_note(result, "cluster.flow.fairness=rtt: weights stay those of the bandwidths before "
                            "cluster.slow.link_trace changes them");
}

/* Where Goyal et al. 2017 would not have scaled the rate, or not have begun with it. */
static void note_rate(const struct setup *setup, struct result *result)
{
    const struct config *config = setup->config;
    uint64_t warmup = schedule_warmup(setup->schedule);
    bool scaled = config_choice(config, "lr_scaling") > 0 && setup->nodes > 1;
    if (setup->goal)
        return;
    if (scaled && config_choice(config, "scaling") == 0)
        result_note(result,
                    "lr_scaling=%s raises the learning rate for nodes=%d, but the global batch does "
                    "not grow with them (scaling=weak makes it)",
                    config_text(config, "lr_scaling"), setup->nodes);
    if (scaled && warmup == 0)
        result_note(result,
                    "lr_scaling=%s without a warm-up begins with the raised rate (warmup=N, an option "
                    "of lr_schedule, leads there: Goyal et al. 2017)",
                    config_text(config, "lr_scaling"));
    if (setup->strategy->updates_alone && config_is_set(config, "clip"))
        result_note(result,
                    "clip=%s: under strategy %s each node clips its own gradients by their own norm; "
                    "steps.csv has node 0's",
                    config_text(config, "clip"), setup->strategy->name);
    if (warmup >= setup->begun.step + (uint64_t)setup->steps)
        result_note(result, "lr_schedule=%s: the warm-up of %llu steps is not over when the run ends",
                    config_text(config, "lr_schedule"), (unsigned long long)warmup);
}

/* LogP's g is what bounds the rate of messages, so it is at least o (Culler et al. 1993). */
static void note_gap(const struct setup *setup, struct result *result)
{
    const struct cluster *cluster = setup->cluster;
    if (setup->netmodel->overhead && !cluster->offload && cluster->gap_ps < cluster->overhead_ps)
        result_note(result,
                    "netmodel=%s: cluster.loggp.gap=%gus is below cluster.loggp.overhead=%gus, so that "
                    "processors, not ports, bound the rate of short messages (LogP has g not below o: "
                    "Culler et al. 1993)",
                    setup->netmodel->name, (double)cluster->gap_ps * 1e-6,
                    (double)cluster->overhead_ps * 1e-6);
}

static void note_test_rows(const struct setup *setup, struct result *result)
{
    const struct dataset *data = setup->dataset;
    if (!data || !setup->real || config_is_set(setup->config, "data.test_rows"))
        return;
    size_t left = data->rows - data->train_rows;
    if (data->test_rows < left)
        result_note(result, "the first %zu of %zu test rows are evaluated (data.test_rows)",
                    data->test_rows, left);
}

/* Of a language model they are a vocabulary, which need not be that of the data. */
static void note_outputs(const struct setup *setup, struct result *result)
{
    const struct dataset *data = setup->dataset;
    if (!data || !setup->real || !data->classes || data->vocabulary)
        return;
    size_t outputs = model_classes(setup->model);
    if (outputs > data->classes)
        result_note(result, "the model tells %zu classes apart, but data=%s has %zu of them: the rest are learned to "
                            "be wrong always", outputs, config_text(setup->config, "data"), data->classes);
}

static void note_no_data(const struct setup *setup, struct result *result)
{
    if (!setup->goal && !setup->dataset && model_takes_data(setup->model))
        result_note(result, "data=%s does not fit the model, so no data set is meant: with math=off "
                            "none is needed",
                    config_text(setup->config, "data"));
}

/* What is left out of the files of algorithms. */
static void note_files(const struct algorithms *algorithms, struct result *result)
{
    const char *note;
    for (int i = 0; algorithms && (note = algorithms_note(algorithms, i)); i++)
        result_note(result, "%s", note);
}

/* What zero=2 and 3 free is what a bucket leaves, and each microbatch pays for it. */
static void note_zero(const struct setup *setup, struct result *result)
{
    if (setup->shard == 1)
        result_note(result, "zero=%d: zero.shard=%s leaves each node all of its shares, since no two replicas are "
                            "together: nothing is sharded", setup->zero, config_text(setup->config, "zero.shard"));
    if (setup->zero < 2)
        return;
    uint64_t bytes = model_parameter_count(setup->model) * setup->precision.bytes[NUMBER_GRADIENT] /
                     (uint64_t)(setup->shape.tensor * setup->shape.pipeline);
    if (bytes <= config_whole(setup->config, "bucket") && mesh_length(setup->shape, AXIS_EXPERT) == 1)
        result_note(result, "zero=%d: one bucket=%s holds all %llu bytes of a node's gradients, so that "
                            "they are whole at times: a smaller bucket frees more",
                    setup->zero, config_text(setup->config, "bucket"), (unsigned long long)bytes);
    if (setup->microbatches > 1)
        result_note(result, "zero=%d: gradients are reduce-scattered%s for each of %d microbatches, which "
                            "is as many times the bytes", setup->zero,
                    setup->zero == 3 ? ", and parameters gathered twice," : "", setup->microbatches);
}

/* Of c slices in r runs, half of the pairs and half of those of a run with itself. */
static void note_context(const struct setup *setup, struct result *result)
{
    int contexts = mesh_length(setup->shape, AXIS_CONTEXT);
    if (contexts == 1)
        return;
    double runs = (double)slices_runs((enum slices)config_choice(setup->config, "context.slices"),
                                      (size_t)contexts);
    result_note(result, "mesh.context=%d: ring attention goes through %.3g %% of a sequence's pairs of positions "
                        "(what lies wholly behind a query is left out) and keeps no probabilities, but makes "
                        "them again on the way back; undivided attention, so also `single`, is charged for all "
                        "pairs: speed-up and efficiency have that in them",
                contexts, 50 + 50 / runs);
}

/* More chunks than there are positions. */
static void note_chunks(const struct setup *setup, struct result *result)
{
    const struct config *config = setup->config;
    if (setup->goal || setup->shape.tensor == 1)
        return;
    size_t context = model_context(setup->model) / (size_t)mesh_length(setup->shape, AXIS_CONTEXT);
    size_t replicas = (size_t)mesh_replicas(setup->shape);
    size_t rows = setup->batch / replicas / (size_t)(setup->microbatches > 0 ? setup->microbatches : 1);
    size_t positions = rows * (context ? context : 1) / (size_t)(setup->sequence ? setup->shape.tensor : 1);
    if (config_whole(config, "tensor.chunks") > positions)
        result_note(result, "tensor.chunks=%s: a microbatch has %zu positions to be cut, so there are as many chunks",
                    config_text(config, "tensor.chunks"), positions);
}

void notes_before(const struct setup *setup, struct result *result)
{
    note_no_data(setup, result);
    note_idle(setup, result);
    note_test_rows(setup, result);
    note_outputs(setup, result);
    if (setup->goal)
        replay_notes_before(setup, result);
    if (!setup->goal)
        vain_notes(setup, result);
    saving_notes(setup, result);
    shares_notes(setup, result);
    stages_notes(setup, result);
    if (!setup->goal)
        stale_notes(setup, result);
    note_rate(setup, result);
    note_zero(setup, result);
    note_context(setup, result);
    note_chunks(setup, result);
    precision_notes(setup, result);
    baseline_notes(setup, result);
    note_flow(setup, result);
    note_sharing(setup, result);
    note_gap(setup, result);
    note_link_trace(setup, result);
    if (config_is_set(setup->config, "goal") &&
        (setup->noise.ops->stretch || setup->cluster->speed_traces))
        result_note(result, "goal=: the calcs written are without noise and at constant speed: a "
                            "replay brings its own");
    if (!setup->cost->duration)
        result_note(result, "compute=%s is not reproducible: simulated times follow this host's load; "
                    "and there is no speed-up, since `single` cannot be costed without its maths",
                    setup->cost->name);
    if (setup->netmodel->free_of_cost && setup->nodes > 1)
        result_note(result, "netmodel=%s: messages cost nothing", setup->netmodel->name);
    if (setup->closed)
        result_note(result, "collectives=closed_form: collectives take what Hockney's formulas say (hops by "
                            "the worst path of the group, and additions), and do not wait for ports; "
                            "%d nodes stand for %d", setup->shape.pipeline, setup->nodes);
    note_files(setup->allreduce, result);
    for (int axis = 0; axis < MESH_AXES; axis++)
        note_files(setup->allreduce_along[axis], result);
    note_files(setup->allgather, result);
    note_files(setup->reduce_scatter, result);
    note_files(setup->alltoall, result);
    for (int i = 0; i < setup->cluster->note_count; i++)
        result_note(result, "%s", setup->cluster->notes[i]);
    if (setup->cluster->nodes > setup->nodes)
        result_note(result, "%d of the cluster's %d nodes take part", setup->nodes,
                    setup->cluster->nodes);
}

/* What TCP's slow start costs, in latencies of the route: LV08's factor (Velho and Legrand, Accuracy
 * study and improvement of network simulation in the SimGrid framework, SIMUTools 2009). */
static const double slow_start_latencies = 13.01;

/* Messages so short that flow's one latency would be far from what TCP takes. */
static void note_short_messages(const struct setup *setup, struct result *result)
{
    const struct netmodel_ops *netmodel = setup->netmodel;
    bool flow = netmodel->shares_links && !netmodel->free_of_cost;
    if (!flow || result->messages_sent == 0 || setup->cluster->flow.latency_factor != 1)
        return;
    struct path path = cluster_path(setup->cluster, 0, setup->nodes - 1);
    double mean = (double)result->bytes_sent / (double)result->messages_sent;
    double limit = slow_start_latencies * (double)path.latency_ps * 1e-12 *
                   (double)path.bandwidth_Bps;
    if (mean < limit)
        result_note(result,
                    "netmodel=%s: messages have %.0f bytes on the average; over TCP, those below %.0f "
                    "bytes (%g latencies of node%d to node%d: Velho and Legrand 2009) would take mostly "
                    "slow start, which is left out (cluster.flow.preset=lv08 has it)",
                    netmodel->name, mean, limit, slow_start_latencies, cluster_node_of(setup->cluster, 0),
                    cluster_node_of(setup->cluster, setup->nodes - 1));
}

/* How allreduce=auto chose, of a run in which something was all-reduced. Larger groups are not simulated
 * beforehand. */
static void note_choice(const struct setup *setup, struct result *result)
{
    int holders = mesh_holders(setup->shape);
    int largest = holders > setup->shape.tensor ? holders : setup->shape.tensor;
    bool simulated = largest <= PREDICT_MEMBERS && setup->cluster->nodes <= PREDICT_NODES;
    if (strcmp(config_text(setup->config, "allreduce"), "auto") || setup->netmodel->free_of_cost)
        return;
    if (setup->cluster->link_traces)
        result_note(result, "allreduce=auto chose by the bandwidths at the beginning; cluster.slow.link_trace "
                            "changes them later");
    if (!simulated)
        result_note(result,
                    "allreduce=auto chose by closed forms of the group's worst path, without "
                    "contention, since a group has more than %d members or the cluster more than %d "
                    "nodes: across boxes or on shared links another algorithm may be several times "
                    "as fast (threadrack bench allreduce --algorithm all)",
                    PREDICT_MEMBERS, PREDICT_NODES);
}

void notes_after(const struct setup *setup, const struct clock *clock, bool allreduced, struct result *result)
{
    if (allreduced)
        note_choice(setup, result);
    note_short_messages(setup, result);
    int factor, link = clock_worst_link(clock, &factor);
    if (link >= 0 && factor > 1)
        result_note(result,
                    "netmodel=%s does not share links: up to %d messages were on link %s at one time, "
                    "each as if alone, so its real traffic would take up to %d times as long "
                    "(netmodel=flow shares it)",
                    setup->netmodel->name, factor, cluster_link_name(setup->cluster, link), factor);
}
