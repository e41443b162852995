/* strategy=replay: the workload is a GOAL file instead of a training. */
#include "pulse.h"
#include "watch.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <string.h>

static const char *const training_keys[] = {
    "mesh.data", "mesh.tensor", "mesh.pipeline", "mesh.context", "mesh.expert", "mesh.order", "context.slices",
    "context.overlap", "tensor.sequence", "tensor.chunks",
    "model",  "data",   "data.order",
    "data.train_rows", "data.test_rows", "partition", "batch", "shares", "microbatches", "pipeline.schedule", "pipeline.split", "epochs", "optimizer",
    "lr_schedule", "lr_scaling", "clip", "eval_every", "evaluate.clock", "scaling", "local_steps", "across_steps", "outer",
    "gossip.graph", "gossip.mix", "servers", "staleness", "backup", "deadline", "federated.clients", "federated.epochs", "federated.batch", "federated.mu", "box", "allreduce", "allreduce.data", "allreduce.tensor", "allreduce.pipeline",
    "allgather", "alltoall", "reduce_scatter", "precision", "precision.gradients", "zero", "zero.shard", "zero.prefetch", "compress",
    "bucket", "collectives", "compute", "math.kernel", "seed"};
enum { TRAINING_KEYS = sizeof training_keys / sizeof *training_keys };

bool replay_ignores(const char *key)
{
    for (int i = 0; i < TRAINING_KEYS; i++)
        if (!strcmp(training_keys[i], key))
            return true;
    return false;
}

void replay_notes_before(const struct setup *setup, struct result *result)
{
    for (int i = 0; i < TRAINING_KEYS; i++)
        if (config_source(setup->config, training_keys[i]) > SOURCE_CLUSTER)
            result_note(result, "%s=%s has no effect in this run: a replay trains nothing",
                        training_keys[i], config_text(setup->config, training_keys[i]));
}

void replay_notes_after(const struct setup *setup, const struct clock *clock, struct result *result)
{
    uint32_t line;
    uint64_t count = clock_unreceived(clock, &line);
    if (count)
        result_note(result, "%llu messages were sent that nobody receives; the first is in line %u "
                            "of %s",
                    (unsigned long long)count, line, setup->goal->name);
}

bool replay_resolve(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    if (setup->real)
        return errors_add(errors, "%s: strategy=replay trains nothing: it needs math=off",
                          config_where(config, "strategy"));
    if (!config_is_set(config, "replay.goal"))
        return errors_add(errors, "%s: strategy=replay needs replay.goal=FILE",
                          config_where(config, "strategy"));
    if (config_is_set(config, "goal"))
        return errors_add(errors, "%s: a replay is a GOAL file already",
                          config_where(config, "goal"));
    setup->rules = config_choice(config, "replay.rules") == 0 ? GRAPH_GOAL : GRAPH_RACK;
    setup->goal = goal_read(config_text(config, "replay.goal"), config_where(config, "replay.goal"),
                            errors);
    if (!setup->goal)
        return false;
    setup->nodes = setup->goal->ranks;
    setup->shape = (struct mesh_shape){.data = setup->nodes};
    setup->steps = config_is_set(config, "steps") ? (int)config_whole(config, "steps") : 1;
    int nodes = config_source(config, "nodes") == SOURCE_DEFAULT ? setup->nodes
                                                                 : (int)config_whole(config, "nodes");
    if (nodes < setup->nodes)
        return errors_add(errors, "%s: %s has num_ranks %d, but the cluster only nodes=%d",
                          config_where(config, "nodes"), setup->goal->name, setup->nodes, nodes);
    setup->cluster = cluster_create(config, nodes, errors);
    return setup->cluster && setup_place(setup, errors);
}

static void go_through(const struct setup *setup, struct rack *rack, struct result *result)
{
    for (; result->steps < setup->steps && !experiment_interrupted && !rack_is_stuck(rack);
         result->steps++) {
        for (int rank = 0; rank < setup->nodes; rank++) {
            rank_replay(rack_rank(rack, rank));
            rank_mark(rack_rank(rack, rank));
        }
        rack_resolve(rack);
    }
    for (int rank = 0; rank < setup->nodes; rank++)
        rank_end(rack_rank(rack, rank));
}

static bool finish(const struct setup *setup, struct pulse *pulse, struct watch *watch,
                   struct result *result, struct errors *errors)
{
    struct rack *rack = pulse->rack;
    bool finished = rack_finish(rack, errors);
    if (clock_stopped(rack_clock(rack)))
        return pulse_stopped(pulse, result, setup, rack_marks_by(rack, setup->nodes), errors);
    if (!finished) {
        result->steps = 0;
        return false;
    }
    result_measure(result, setup, rack);
    notes_after(setup, rack_clock(rack), false, result);
    replay_notes_after(setup, rack_clock(rack), result);
    if (!watch_finish(watch, setup, result, errors))
        return false;
    return !experiment_interrupted ||
           errors_add_status(errors, STATUS_FAILED, "interrupted after %d of %d steps",
                             result->steps, setup->steps);
}

bool replay_ranks(const struct setup *setup, struct progress_hook progress, struct result *result,
                  struct errors *errors)
{
    struct rack *rack = rack_create(setup->cluster, setup->netmodel, setup->cost, setup->nodes);
    struct watch watch;
    struct pulse pulse;
    rack_set_noise(rack, &setup->noise);
    result->step = memory_zeroed((size_t)setup->steps, sizeof *result->step);
    for (int step = 0; step < setup->steps; step++)
        result->step[step] = (struct step_record){
            .loss = NAN, .accuracy = NAN, .test_loss = NAN, .lr = NAN, .gradient_norm = NAN, .dropped = NAN, .staleness = NAN, .staleness_most = NAN,
            .balance = NAN};
    rack_set_graphs(rack, setup->goal, setup->rules);
    pulse_begin(&pulse, rack, setup->nodes, setup->steps, progress);
    bool good = watch_begin(&watch, setup, rack, errors);
    if (good) {
        go_through(setup, rack, result);
        good = finish(setup, &pulse, &watch, result, errors);
    }
    watch_release(&watch);
    rack_free(rack);
    return good;
}
