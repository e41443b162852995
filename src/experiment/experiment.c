#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* What was asked for, as far as it is known: also a refused point's row says it. */
static void describe(struct result *result, const struct setup *setup)
{
    const struct config *config = setup->config;
    const char *cluster = setup->cluster ? setup->cluster->name : config_text(config, "cluster");
    result->strategy = memory_text("%s", config_text(config, "strategy"));
    result->cluster = memory_text("%s", cluster ? cluster : "inline");
    result->model = memory_text("%s", config_text(config, "model"));
    result->netmodel = memory_text("%s", config_text(config, "netmodel"));
    result->allreduce = memory_text("%s", "");
    result->nodes = setup->nodes ? setup->nodes : (int)config_whole(config, "nodes");
    result->mesh_data = setup->shape.data;
    result->mesh_tensor = setup->shape.tensor;
    result->mesh_pipeline = setup->shape.pipeline;
    result->mesh_expert = mesh_length(setup->shape, AXIS_EXPERT);
    result->mesh_context = mesh_length(setup->shape, AXIS_CONTEXT);
    result->batch = setup->batch ? setup->batch : config_whole(config, "batch");
    if (setup->strategy && setup->strategy->has_server) /* clients have batches of their own */
        result->batch = 0;
    result->microbatches = setup->microbatches;
    result->parameters = setup->model ? model_parameter_count(setup->model) : 0;
    if (setup->goal) { /* nothing is trained */
        free(result->model);
        result->model = NULL;
        result->batch = result->parameters = 0;
        result->mesh_data = result->mesh_tensor = result->mesh_pipeline = 0;
        result->mesh_expert = result->mesh_context = 0;
    }
    result->begun_steps = setup->begun.step;
    result->has_target = !isnan(setup->target_accuracy) || !isnan(setup->target_loss);
}

static struct result *result_new(void)
{
    struct result *result = memory_zeroed(1, sizeof *result);
    result->hottest_link = -1;
    result->final_loss = result->final_accuracy = result->step_s = result->single_step_s =
        result->speedup = result->efficiency = result->imbalance = NAN;
    return result;
}

/* Whatever `good` is, what the setup said becomes the result's. */
static void conclude(struct result *result, struct setup *setup, bool good, double begun_s,
                     const struct errors *errors)
{
    if (!good) {
        result->status = errors->status;
        result->reason = memory_text("%s", errors->messages[0]);
    }
    result_place(result, setup);
    if (setup->partition)
        result->skew = skew_measure(setup->partition, setup->dataset);
    result->wall_s = wall_s() - begun_s;
    setup_release(setup);
}

struct result *experiment_run(const struct config *point, const struct host *host,
                              struct seat_range seats, struct progress_hook progress,
                              struct errors *errors)
{
    struct result *result = result_new();
    struct setup setup;
    double begun_s = wall_s();
    bool good = setup_resolve(&setup, point, errors);
    describe(result, &setup);
    if (good) {
        notes_before(&setup, result);
        good = !setup.real || math_start(config_text(point, "math.kernel"), errors);
        if (good && setup.real) {
            result->kernel = math_kernel();
            result->products = math_products();
        }
        good = good && (setup.goal ? replay_ranks(&setup, progress, result, errors)
                                   : run_ranks(&setup, host, seats, progress, result, errors));
    }
    conclude(result, &setup, good, begun_s, errors);
    return result;
}

struct result *experiment_skew(const struct config *point, struct errors *errors)
{
    struct result *result = result_new();
    struct setup setup;
    double begun_s = wall_s();
    bool good = setup_resolve(&setup, point, errors);
    describe(result, &setup);
    if (good && !setup.partition)
        good = errors_add(errors, "all nodes draw from the same rows; give a partition such as "
                          "partition=dirichlet:alpha=0.3 (threadrack list partitions), several nodes and "
                          "a strategy that spreads over data");
    conclude(result, &setup, good, begun_s, errors);
    return result;
}
