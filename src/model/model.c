/* A rank's part of a model: which layers, which shares of their tensors, and where buffers are. */
#include "tensors.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

/* The part's tensors behind those of the parts before it, in the rank's flat buffers. */
static void place_tensors(struct model *model, struct model_part *part)
{
    const struct layer *layer = part->layer;
    part->tensor_list = model->tensors + model->tensor_count;
    part->at = model->parameter_count;
    for (int i = 0; i < layer->tensor_count; i++) {
        struct model_tensor *tensor = &model->tensors[model->tensor_count++];
        *tensor = tensor_part(&model->spec->tensors[layer->tensor_at + i], part->cut, model->place);
        tensor->at = model->parameter_count;
        model->parameter_count += tensor->count;
    }
    part->parameter_count = model->parameter_count - part->at;
}

static size_t width_in(const struct model_part *part)
{
    const struct layer *layer = part->layer;
    return layer->ops->in ? layer->ops->in(part) : layer->positions * layer->in;
}

static size_t width_out(const struct model_part *part)
{
    const struct layer *layer = part->layer;
    return layer->ops->out ? layer->ops->out(part) : layer->positions * layer->out;
}

static void make_part(struct model *model, struct model_part *part, int number, enum cut cut)
{
    *part = (struct model_part){.layer = &model->spec->layers[number],
                                .number = number,
                                .cut = cut,
                                .tensor = model->place.tensor,
                                .tensors = model->place.tensors};
    place_tensors(model, part);
    part->needs_dx = number > 0;
    part->borrowed = part->layer->borrows ? model->parts[0].tensor_list : NULL;
    part->x.width = part->dx.width = width_in(part);
    part->y.width = part->dy.width = width_out(part);
}

static void make_parts(struct model *model)
{
    struct share stage =
        split_stages(model->spec, model->place.stages, model->place.tensors, model->place.stage);
    const struct layer *first = &model->spec->layers[stage.begin], *last = first + stage.count - 1;
    int tensors = last->tensor_at + last->tensor_count - first->tensor_at;
    model->part_count = (int)stage.count;
    model->parts = memory_zeroed(stage.count, sizeof *model->parts);
    model->tensors = memory_zeroed((size_t)tensors + 1, sizeof *model->tensors);
    enum cut *cuts = memory_zeroed(stage.count, sizeof *cuts);
    split_cuts(model->spec, stage, model->place.tensors, cuts);
    for (int i = 0; i < model->part_count; i++)
        make_part(model, &model->parts[i], (int)stage.begin + i, cuts[i]);
    free(cuts);
    model->input_width =
        model->place.stage == 0 ? model->spec->input_width : model->parts[0].x.width;
    model->output_width = model->parts[model->part_count - 1].y.width;
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
}

static size_t place_needs(struct rank *self, const struct model *model, struct model_part *part)
{
    struct layer_needs needs = {.scratch = 0};
    if (part->layer->ops->needs)
        part->layer->ops->needs(part, model->trains, &needs);
    for (int i = 0; i < SAVED_MOST; i++)
        part->saved[i] = (struct buffer){
            floats(self, MEMORY_ACTIVATIONS, model->rows * needs.saved[i]), needs.saved[i], false};
    for (int i = 0; i < HELD_MOST; i++)
        part->held[i].width = needs.held[i];
    return needs.scratch;
}

/* Each part's output is the next one's input. Of a null model the first stage has no input. */
static void place_activations(struct rank *self, struct model *model)
{
    enum memory_kind kind = model->place.stage ? MEMORY_ACTIVATIONS : MEMORY_DATA;
    float *x = floats(self, kind, model->rows * model->input_width);
    size_t scratch = 0;
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        part->x.base = x;
        x = part->y.base = floats(self, MEMORY_ACTIVATIONS, model->rows * part->y.width);
        size_t needed = place_needs(self, model, part);
        scratch = needed > scratch ? needed : scratch;
    }
    model->scratch = floats(self, MEMORY_ACTIVATIONS, scratch);
}

/* What a part holds only until its backward pass has ended lies where that of others lay. */
static void place_held(struct rank *self, struct model *model)
{
    for (int h = 0; h < HELD_MOST; h++) {
        size_t widest = 0;
        for (int i = 0; i < model->part_count; i++)
            if (model->parts[i].held[h].width > widest)
                widest = model->parts[i].held[h].width;
        float *base = floats(self, MEMORY_ACTIVATIONS, model->at_once * widest);
        for (int i = 0; i < model->part_count; i++) {
            model->parts[i].held[h].base = base;
            model->parts[i].held[h].of_pass = true;
        }
    }
}

/* Unless the backward pass is in two. */
static void place_held_apart(struct rank *self, struct model *model)
{
    for (int i = 0; i < model->part_count; i++)
        for (int h = 0; h < HELD_MOST; h++) {
            struct buffer *held = &model->parts[i].held[h];
            held->base = floats(self, MEMORY_ACTIVATIONS, model->rows * held->width);
        }
}

static void place_inner_gradients_apart(struct rank *self, struct model *model)
{
    struct model_part *parts = model->parts;
    for (int i = 0; i + 1 < model->part_count; i++)
        parts[i].dy.base = parts[i + 1].dx.base =
            floats(self, MEMORY_ACTIVATIONS, model->rows * parts[i].dy.width);
}

/* Between the layers of a stage two buffers take turns. */
static void place_inner_gradients(struct rank *self, struct model *model)
{
    struct model_part *parts = model->parts;
    size_t widest = 0;
    int last = model->part_count - 1;
    for (int i = 0; i < last; i++)
        widest = parts[i].y.width > widest ? parts[i].y.width : widest;
    float *turns[2] = {NULL, NULL};
    for (int i = 0; i < 2 && i < last; i++)
        turns[i] = floats(self, MEMORY_ACTIVATIONS, model->at_once * widest);
    for (int i = 0; i < last; i++) {
        parts[i].dy.base = parts[i + 1].dx.base = turns[i % 2];
        parts[i].dy.of_pass = parts[i + 1].dx.of_pass = true;
    }
}

/* The stage's own boundaries keep their gradients for the neighbours. */
static void place_activation_gradients(struct rank *self, struct model *model)
{
    struct model_part *parts = model->parts;
    int last = model->part_count - 1;
    if (model->apart)
        place_inner_gradients_apart(self, model);
    else
        place_inner_gradients(self, model);
    if (parts[0].needs_dx)
        parts[0].dx.base = floats(self, MEMORY_ACTIVATIONS, model->rows * parts[0].dx.width);
    parts[last].dy.base = floats(self, MEMORY_ACTIVATIONS, model->rows * parts[last].dy.width);
}

struct model *model_create(struct rank *self, const struct model_spec *spec,
                           struct model_place place, size_t rows, size_t at_once, enum model_use use,
                           struct model_hooks hooks)
{
    struct model *model = memory_zeroed(1, sizeof *model);
    *model = (struct model){.spec = spec,
                            .place = place,
                            .hooks = hooks,
                            .rows = rows,
                            .at_once = at_once,
                            .trains = use != MODEL_FORWARD,
                            .apart = use == MODEL_TRAINS_APART};
    make_parts(model);
    place_parameters(self, model);
    place_activations(self, model);
    if (model->apart)
        place_held_apart(self, model);
    else
        place_held(self, model);
    if (model->trains)
        place_activation_gradients(self, model);
    return model;
}

bool model_holds_first(const struct model *model, const struct model_tensor *tensor)
{
    bool first_expert = model->place.expert == 0 || tensor->whole->of_experts;
    return first_expert && (model->place.tensor == 0 || !tensor->replicated);
}

struct model *model_bare(struct rank *self, size_t parameters)
{
    struct model *model = memory_zeroed(1, sizeof *model);
    *model = (struct model){.place = {.stages = 1, .tensors = 1},
                            .parameter_count = parameters,
                            .trains = true};
    place_parameters(self, model);
    return model;
}

void model_free(struct model *model)
{
    if (!model)
        return;
    free(model->tensors);
    free(model->parts);
    free(model);
}

float *model_input(struct model *model, struct share rows)
{
    return view(model->parts[0].x.base, rows.begin * model->input_width);
}

float *model_output(struct model *model, struct share rows)
{
    return view(model->parts[model->part_count - 1].y.base, rows.begin * model->output_width);
}

float *model_input_gradient(struct model *model, struct share rows)
{
    return view(model->parts[0].dx.base, rows.begin * model->input_width);
}

float *model_output_gradient(struct model *model, struct share rows)
{
    return view(model->parts[model->part_count - 1].dy.base, rows.begin * model->output_width);
}

/* Behind what all ranks of the expert group hold. */
struct share model_expert_range(const struct model *model, int i)
{
    const struct model_part *part = &model->parts[i];
    size_t end = part->at + part->parameter_count, begin = end;
    for (int t = part->layer->tensor_count - 1; t >= 0 && model->place.experts > 1; t--)
        if (part->tensor_list[t].whole->of_experts)
            begin = part->tensor_list[t].at;
    return (struct share){begin, end - begin};
}

struct share model_part_range(const struct model *model, int i)
{
    const struct model_part *part = &model->parts[i];
    return (struct share){part->at, part->parameter_count - model_expert_range(model, i).count};
}
