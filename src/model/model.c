/* A rank's part of a model: which layers, which shares, and where their buffers are. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static struct model_part part_of(const struct model_spec *spec, struct model_place place,
                                 struct share stage, int number)
{
    const struct layer *layer = &spec->layers[number];
    struct model_part part = {.layer = layer,
                              .number = number,
                              .cut = split_pairs(spec, stage, number, place.tensors),
                              .in = {0, layer->in},
                              .out = {0, layer->out}};
    size_t tensors = (size_t)place.tensors, tensor = (size_t)place.tensor;
    if (part.cut == CUT_COLUMNS)
        part.out = share_of(layer->out, tensors, tensor);
    else if (part.cut == CUT_ROWS)
        part.in = share_of(layer->in, tensors, tensor);
    part.parameter_count = layer->ops->parameter_count(part.in.count, part.out.count);
    part.needs_dx = place.stage > 0 || number > (int)stage.begin;
    return part;
}

static void make_parts(struct model *model)
{
    struct share stage =
        split_stages(model->spec, model->place.stages, model->place.tensors, model->place.stage);
    model->part_count = (int)stage.count;
    model->parts = memory_zeroed(stage.count, sizeof *model->parts);
    for (int i = 0; i < model->part_count; i++) {
        model->parts[i] = part_of(model->spec, model->place, stage, (int)stage.begin + i);
        model->parts[i].at = model->parameter_count;
        model->parameter_count += model->parts[i].parameter_count;
    }
    bool first = model->place.stage == 0;
    model->input_width = first ? model->spec->input_width : model->parts[0].in.count;
    model->output_width = model->parts[model->part_count - 1].out.count;
}

/* A layer's weight and bias; what is not cut is replicated, and so is the bias of a cut by rows. */
static void list_tensors(struct model *model)
{
    model->tensors = memory_zeroed(2 * (size_t)model->part_count + 1, sizeof *model->tensors);
    for (int i = 0; i < model->part_count; i++) {
        const struct model_part *part = &model->parts[i];
        size_t weights = part->in.count * part->out.count;
        bool several = model->place.tensors > 1;
        if (!part->layer->ops->place)
            continue;
        model->tensors[model->tensor_count++] =
            (struct model_tensor){part->at, weights, several && part->cut == CUT_NONE};
        model->tensors[model->tensor_count++] = (struct model_tensor){
            part->at + weights, part->out.count, several && part->cut != CUT_COLUMNS};
    }
}

static float *floats(struct rank *self, enum memory_kind kind, size_t count)
{
    return count ? rank_alloc(self, kind, count * sizeof(float)) : NULL;
}

static void place_parameters(struct rank *self, struct model *model)
{
    size_t count = model->parameter_count;
    model->parameters = floats(self, MEMORY_PARAMETERS, count);
    model->gradients = model->trains ? floats(self, MEMORY_GRADIENTS, count) : NULL;
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        if (part->layer->ops->place)
            part->layer->ops->place(part, view(model->parameters, part->at),
                                    view(model->gradients, part->at));
    }
}

/* Each part's output is the next one's input. Of a null model the first stage has no input. */
static void place_activations(struct rank *self, struct model *model)
{
    enum memory_kind kind = model->place.stage ? MEMORY_ACTIVATIONS : MEMORY_DATA;
    const float *x = floats(self, kind, model->rows * model->input_width);
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        size_t count = model->rows * part->out.count;
        part->x = x;
        x = part->y = floats(self, MEMORY_ACTIVATIONS, count);
        bool keeps_pre = model->trains && part->layer->activation == ACTIVATION_GELU;
        part->pre = keeps_pre ? floats(self, MEMORY_ACTIVATIONS, count) : NULL;
    }
}

/* The stage's own boundaries keep their gradients for the neighbours; between, two buffers take
 * turns. */
static void place_activation_gradients(struct rank *self, struct model *model)
{
    struct model_part *parts = model->parts;
    size_t widest = 0;
    int last = model->part_count - 1;
    for (int i = 0; i < last; i++)
        widest = parts[i].out.count > widest ? parts[i].out.count : widest;
    float *turns[2] = {NULL, NULL};
    for (int i = 0; i < 2 && i < last; i++)
        turns[i] = floats(self, MEMORY_ACTIVATIONS, model->rows * widest);
    for (int i = 0; i < last; i++)
        parts[i].dy = parts[i + 1].dx = turns[i % 2];
    if (parts[0].needs_dx)
        parts[0].dx = floats(self, MEMORY_ACTIVATIONS, model->rows * parts[0].in.count);
    parts[last].dy = floats(self, MEMORY_ACTIVATIONS, model->rows * parts[last].out.count);
}

struct model *model_create(struct rank *self, const struct model_spec *spec,
                           struct model_place place, size_t rows, bool trains,
                           struct model_hooks hooks)
{
    struct model *model = memory_zeroed(1, sizeof *model);
    *model = (struct model){
        .spec = spec, .place = place, .hooks = hooks, .rows = rows, .trains = trains};
    make_parts(model);
    list_tensors(model);
    place_parameters(self, model);
    place_activations(self, model);
    if (trains)
        place_activation_gradients(self, model);
    return model;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    free(model->parts);
    free(model->tensors);
    free(model);
}

float *model_input(struct model *model, struct share rows)
{
    return view((float *)model->parts[0].x, rows.begin * model->input_width);
}

float *model_output(struct model *model, struct share rows)
{
    return view(model->parts[model->part_count - 1].y, rows.begin * model->output_width);
}

float *model_input_gradient(struct model *model, struct share rows)
{
    return view(model->parts[0].dx, rows.begin * model->input_width);
}

float *model_output_gradient(struct model *model, struct share rows)
{
    return view(model->parts[model->part_count - 1].dy, rows.begin * model->output_width);
}
