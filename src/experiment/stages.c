/* Layers of each pipeline stage (pipeline.split=). */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/math/math.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MOST = 16 };
static const char key[] = "pipeline.split";

/* All replicas are split alike, so a stage is as fast as its slowest node in any of them. */
static void split_by_speed(const struct setup *setup)
{
    struct mesh_shape shape = setup->shape;
    const struct mesh mesh = {.shape = shape, .order = setup->order};
    double *speeds = setup_speeds(setup),
           *stages = memory_zeroed((size_t)shape.pipeline, sizeof *stages);
    for (int i = 0; i < shape.pipeline; i++)
        stages[i] = INFINITY;
    for (int rank = 0; rank < setup->nodes; rank++) {
        int stage = mesh_point(&mesh, rank).stage;
        stages[stage] = fmin(stages[stage], speeds[rank]);
    }
    model_split(setup->model, shape.pipeline, shape.tensor, false, stages, setup->stage_layers);
    free(speeds);
    free(stages);
}

static void copy_row(const void *context, size_t row, void *input, void *targets)
{
    const struct dataset *data = context;
    dataset_copy_input(data, row % data->train_rows, input);
    dataset_copy_targets(data, row % data->train_rows, targets);
}

/* What each layer takes here, of a replica's microbatch. */
static bool measure_layers(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    const struct dataset *data = setup->dataset;
    size_t parts = (size_t)setup_workers(setup) * (size_t)setup->microbatches;
    if (!setup->real || !data)
        return errors_add(errors, "%s: measured times the layers' maths on this host, %s; give the split that a "
                                  "run which measures prints, such as 3:2:2, or by_flops",
                          config_where(config, key),
                          setup->real ? "and the model computes nothing" : "and with math=off there is none");
    if (!math_start(config_text(config, "math.kernel"), errors))
        return false;
    setup->layer_costs = model_measure(setup->model, (struct test_rows){.context = data,
                                                                        .copy = copy_row,
                                                                        .count = (setup->batch + parts - 1) / parts,
                                                                        .target_width = data->target_width},
                                       setup->seed);
    return true;
}

/* Numbers with colons between; false unless there are just so many. */
static bool read_units(const char *text, int *units, int stages)
{
    for (int i = 0; i < stages; i++) {
        char *end;
        long value = strtol(text, &end, 10);
        if (*text < '0' || *text > '9' || value > 1 << 20 || *end != (i + 1 < stages ? ':' : 0))
            return false;
        units[i] = (int)value;
        text = end + 1;
    }
    return true;
}

static bool split_given(const struct setup *setup, struct errors *errors)
{
    struct mesh_shape shape = setup->shape;
    const char *text = config_text(setup->config, key), *where = config_where(setup->config, key);
    int *units = memory_zeroed((size_t)shape.pipeline, sizeof *units);
    bool good = read_units(text, units, shape.pipeline) ||
                errors_add(errors, "%s: '%s': expected even, by_flops, by_speed, measured, or how many layers (or blocks) "
                                   "each of the %d stages has, as in 2:1",
                           where, text, shape.pipeline);
    good = good && model_split_given(setup->model, shape.pipeline, units, setup->stage_layers, where, errors);
    free(units);
    return good;
}

bool stages_resolve(struct setup *setup, struct errors *errors)
{
    const char *text = config_text(setup->config, key);
    bool even = !strcmp(text, "even"), by_speed = !strcmp(text, "by_speed"), measured = !strcmp(text, "measured");
    if (measured && setup->strategy->spreads_pipeline && !setup->layer_costs && !measure_layers(setup, errors))
        return false;
    if (!strcmp(text, "by_flops") || (setup->shape.pipeline == 1 && (even || by_speed || measured || strchr(text, ':'))))
        return true; /* one stage has all: said in the notes */
    setup->stage_layers = memory_zeroed((size_t)setup->shape.pipeline, sizeof *setup->stage_layers);
    if (even)
        model_split(setup->model, setup->shape.pipeline, setup->shape.tensor, true, NULL,
                    setup->stage_layers);
    else if (by_speed)
        split_by_speed(setup);
    else if (measured)
        model_split_costs(setup->model, setup->shape.pipeline, setup->shape.tensor, setup->layer_costs,
                          setup->stage_layers);
    else if (!split_given(setup, errors))
        return false;
    return model_split_fits(setup->model, setup->shape.pipeline, setup->shape.tensor, setup->stage_layers,
                            config_where(setup->config, key), errors);
}

/* What another run of the same split is asked for with: all of it, however long. */
static void note_measured(const struct setup *setup, struct result *result)
{
    int stages = setup->shape.pipeline;
    int *units = memory_zeroed((size_t)stages, sizeof *units);
    struct text list = {0};
    model_split_units(setup->model, stages, setup->stage_layers, units);
    for (int i = 0; i < stages; i++)
        text_add(&list, "%s%d", i ? ":" : "", units[i]);
    result_note(result, "pipeline.split=measured went by CPU times of layers on this host, and another run may "
                        "split otherwise: pipeline.split=%s is this split", list.bytes);
    text_release(&list);
    free(units);
}

void stages_notes(const struct setup *setup, struct result *result)
{
    int stages = setup->stage_layers ? setup->shape.pipeline : 0;
    const char *words = config_text(setup->config, key);
    struct text list = {0};
    for (int i = 0; i < stages && i < SHOWN_MOST; i++)
        text_add(&list, "%s%d", i ? " " : "", setup->stage_layers[i]);
    if (stages > 1)
        result_note(result, "pipeline.split=%s: the %d stages have %s%s layers", words, stages, list.bytes,
                    stages > SHOWN_MOST ? " ..." : "");
    text_release(&list);
    if (stages > 1 && !strcmp(words, "measured"))
        note_measured(setup, result);
    if (stages > 1 && !strcmp(words, "by_speed") && setup->cluster->speed_traces)
        result_note(result, "pipeline.split=by_speed goes by lasting speeds: cluster.slow.trace does not move "
                            "layers");
}
