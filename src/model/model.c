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
    return layer->ops->in ? layer->ops->in(part) : part_own_positions(part) * layer->in;
}

static size_t width_out(const struct model_part *part)
{
    const struct layer *layer = part->layer;
    return layer->ops->out ? layer->ops->out(part) : part_own_positions(part) * layer->out;
}

/* The first layer's table, or, of another stage's, a copy that is kept alike. */
static void borrow(struct model *model, struct model_part *part)
{
    struct model_part *first = &model->parts[0];
    part->borrowed = first->tensor_list;
    if (first->number == 0) {
        first->lends = true;
        return;
    }
    struct model_tensor *copy = &model->tensors[model->tensor_count++];
    *copy = tensor_part(&model->spec->tensors[0], model->place.tensors > 1 ? CUT_WITHIN : CUT_NONE,
                        model->place);
    copy->at = model->parameter_count;
    copy->copied = true;
    part->borrowed = copy;
    part->parameter_count += copy->count;
    model->parameter_count += copy->count;
}

static void make_part(struct model *model, struct model_part *part, int number, enum cut cut)
{
    *part = (struct model_part){.layer = &model->spec->layers[number],
                                .number = number,
                                .cut = cut,
                                .tensor = model->place.tensor,
                                .tensors = model->place.tensors,
                                .context = model->place.context,
                                .contexts = (int)model_contexts(model),
                                .slices = model->spec->slices,
                                .positions = model->spec->layers[number].positions /
                                             model_contexts(model),
                                .sequence = model->sequence};
    place_tensors(model, part);
    part->needs_dx = number > 0;
    if (part->layer->borrows)
        borrow(model, part);
    part->x.width = part->dx.width = width_in(part);
    part->y.width = part->dy.width = width_out(part);
    part->y.full = number == model->spec->layer_count - 1; /* what the loss takes */
}

static int chunks_of(const struct model *model)
{
    return model->place.chunks ? model->place.chunks : 1;
}

static struct share layers_of(const struct model *model, int chunk)
{
    struct model_place place = model->place;
    if (chunks_of(model) > 1)
        place.layers = NULL;
    place.stage += chunk * place.stages;
    place.stages *= chunks_of(model);
    return split_place(model->spec, &place);
}

static size_t tensors_of(const struct model_spec *spec, struct share stage)
{
    const struct layer *first = &spec->layers[stage.begin], *last = first + stage.count - 1;
    return (size_t)(last->tensor_at + last->tensor_count - first->tensor_at);
}

static void make_chunk(struct model *model, int chunk)
{
    struct share stage = layers_of(model, chunk);
    size_t rows = model->place.chunk_rows ? model->place.chunk_rows[chunk] : model->rows;
    enum cut *cuts = memory_zeroed(stage.count, sizeof *cuts);
    split_cuts(model->spec, stage, model->place.tensors, cuts);
    for (size_t i = 0; i < stage.count; i++) {
        struct model_part *part = &model->parts[model->part_count++];
        make_part(model, part, (int)(stage.begin + i), cuts[i]);
        part->begins = i == 0;
        part->rows = rows;
    }
    free(cuts);
}

static void make_parts(struct model *model)
{
    size_t parts = 0, tensors = 0;
    for (int c = 0; c < chunks_of(model); c++) {
        struct share stage = layers_of(model, c);
        parts += stage.count;
        tensors += tensors_of(model->spec, stage);
    }
    model->parts = memory_zeroed(parts, sizeof *model->parts);
    model->tensors = memory_zeroed(tensors + 2, sizeof *model->tensors);
    for (int c = 0; c < chunks_of(model); c++)
        make_chunk(model, c);
    if (chunks_of(model) > 1)
        model->chunks = memory_zeroed((size_t)chunks_of(model), sizeof *model->chunks);
}

/* Of the first stage: a null model has none, whatever its first layer says. */
static size_t width_of_input(const struct model *model)
{
    return model->spec->input_width / model_contexts(model);
}

/* What passes over the chunk's ends. */
static void find_ends(struct model *chunk)
{
    const struct model_part *first = chunk->parts, *last = first + chunk->part_count - 1;
    chunk->input_width = first->number == 0 ? width_of_input(chunk) : first->x.width;
    chunk->output_width = last->y.width;
    chunk->shares_outputs =
        last->cut == CUT_COLUMNS && last->number == chunk->spec->layer_count - 1;
}

struct share model_tied_range(const struct model *model)
{
    if (!model_is_tied(model->spec) || model->place.stages == 1)
        return (struct share){0, 0};
    for (int i = 0; i < model->tensor_count; i++)
        if (model->tensors[i].whole == &model->spec->tensors[0])
            return (struct share){model->tensors[i].at, model->tensors[i].count};
    return (struct share){0, 0};
}

struct model *model_chunk(struct model *model, int c)
{
    if (!model->chunks)
        return model;
    struct model *chunk = &model->chunks[c];
    int begin = -1, i = 0;
    for (; i < model->part_count && (begin += model->parts[i].begins) < c;)
        i++;
    *chunk = *model;
    chunk->whole = model;
    chunk->parts = &model->parts[i];
    for (chunk->part_count = 1;
         i + chunk->part_count < model->part_count && !chunk->parts[chunk->part_count].begins;)
        chunk->part_count++;
    find_ends(chunk);
    return chunk;
}

struct share model_chunk_parts(const struct model *model, int i)
{
    int begin = i, end = i + 1;
    while (begin > 0 && !model->parts[begin].begins)
        begin--;
    while (end < model->part_count && !model->parts[end].begins)
        end++;
    return (struct share){(size_t)begin, (size_t)(end - begin)};
}

static float *numbers(struct rank *self, enum memory_kind kind, enum number number, size_t count)
{
    return count ? rank_alloc_numbers(self, kind, number, count) : NULL;
}

static float *activations(struct rank *self, size_t count)
{
    return numbers(self, MEMORY_ACTIVATIONS, NUMBER_VALUE, count);
}

static void place_parameters(struct rank *self, struct model *model)
{
    size_t count = model->parameter_count;
    if (!model->hooks.places_parameters)
        model->parameters = numbers(self, MEMORY_PARAMETERS, NUMBER_VALUE, count);
    if (model->trains && !model->hooks.places_gradients)
        model->gradients = numbers(self, MEMORY_GRADIENTS, NUMBER_GRADIENT, count);
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        part->parameters = view(model->parameters, part->at);
        part->gradients = view(model->gradients, part->at);
    }
}

/* What all parts need at times, one after another. */
struct common_needs {
    size_t scratch, travelling;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Marks what is dropped and done again. */
static struct common_needs find_needs(struct model *model)
{
    struct common_needs common = {0};
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        struct layer_needs needs = {.scratch = 0};
        if (part->layer->ops->needs)
            part->layer->ops->needs(part, model->trains, &needs);
        recompute_mark(model, part, &needs);
        for (int h = 0; h < HELD_MOST; h++)
            part->held[h].width = needs.held[h];
        common.scratch = larger(common.scratch, needs.scratch);
        common.travelling = larger(common.travelling, needs.travelling);
    }
    return common;
}

static void place_kept(struct rank *self, size_t rows, struct buffer *buffer)
{
    if (!buffer->of_pass)
        buffer->base = numbers(self, MEMORY_ACTIVATIONS, buffer->full ? NUMBER_FULL : NUMBER_VALUE,
                               rows * buffer->width);
}

static float *place_input(struct rank *self, const struct model *model,
                          const struct model_part *part)
{
    bool first = part->number == 0;
    return first ? numbers(self, MEMORY_DATA, NUMBER_FULL, part->rows * width_of_input(model))
                 : activations(self, part->rows * part->x.width);
}

/* Each part's output is the next one's input. */
static void place_activations(struct rank *self, struct model *model)
{
    float *x = NULL;
    struct common_needs common = find_needs(model);
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        part->x.base = part->begins ? place_input(self, model, part) : x;
        place_kept(self, part->rows, &part->y);
        x = part->y.base;
        for (int s = 0; s < SAVED_MOST; s++)
            place_kept(self, part->rows, &part->saved[s]);
    }
    model->scratch = activations(self, common.scratch);
    model->travelling = numbers(self, MEMORY_COMMUNICATION, NUMBER_VALUE, model->at_once * common.travelling);
    recompute_place(self, model);
}

static void place_loss(struct rank *self, struct model *model)
{
    const struct model_spec *spec = model->spec;
    if (!model->shares_outputs)
        return;
    size_t of_a_row = model_loss_shape(model).positions * spec->loss->parts;
    model->loss_parts = numbers(self, MEMORY_COMMUNICATION, NUMBER_FULL,
                                model->at_once * (size_t)model->place.tensors * of_a_row);
}

/* What a part holds only until its backward pass has ended lies where that of others lay. */
static void place_held(struct rank *self, struct model *model)
{
    for (int h = 0; h < HELD_MOST; h++) {
        size_t widest = 0;
        for (int i = 0; i < model->part_count; i++)
            if (model->parts[i].held[h].width > widest)
                widest = model->parts[i].held[h].width;
        float *base = activations(self, model->at_once * widest);
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
            held->base = activations(self, model->parts[i].rows * held->width);
        }
}

/* Whether the part's output stays in the stage (or chunk). */
static bool is_inner(const struct model *model, int i)
{
    return i + 1 < model->part_count && !model->parts[i + 1].begins;
}

static void place_inner_gradients_apart(struct rank *self, struct model *model)
{
    struct model_part *parts = model->parts;
    for (int i = 0; i < model->part_count; i++)
        if (is_inner(model, i))
            parts[i].dy.base = parts[i + 1].dx.base =
                activations(self, parts[i].rows * parts[i].dy.width);
}

/* Between the layers of a stage two buffers take turns. */
static void place_inner_gradients(struct rank *self, struct model *model)
{
    struct model_part *parts = model->parts;
    size_t widest = 0;
    float *turns[2] = {NULL, NULL};
    for (int i = 0; i < model->part_count; i++)
        if (is_inner(model, i) && parts[i].y.width > widest)
            widest = parts[i].y.width;
    for (int i = 0, turn = 0, placed = 0; i < model->part_count; i++) {
        turn = parts[i].begins ? 0 : turn + 1;
        if (!is_inner(model, i))
            continue;
        if (turn == placed && placed < 2)
            turns[placed++] = activations(self, model->at_once * widest);
        parts[i].dy.base = parts[i + 1].dx.base = turns[turn % 2];
        parts[i].dy.of_pass = parts[i + 1].dx.of_pass = true;
    }
}

/* The boundaries of stages and chunks keep their gradients for the neighbours. */
static void place_activation_gradients(struct rank *self, struct model *model)
{
    if (model->apart)
        place_inner_gradients_apart(self, model);
    else
        place_inner_gradients(self, model);
    for (int i = 0; i < model->part_count; i++) {
        struct model_part *part = &model->parts[i];
        if (part->begins && part->needs_dx)
            part->dx.base = activations(self, part->rows * part->dx.width);
        if (!is_inner(model, i))
            part->dy.base = activations(self, part->rows * part->dy.width);
    }
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
                            .apart = use == MODEL_TRAINS_APART,
                            .sequence = hooks.scatter_over_tensor && place.tensors > 1};
    make_parts(model);
    find_ends(model);
    place_parameters(self, model);
    place_activations(self, model);
    place_loss(self, model);
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
    bool first_expert = model->place.expert == 0 || tensor->whole->of_experts || model->hooks.sum_over_shares;
    return !tensor->copied && first_expert && (model->place.tensor == 0 || !tensor->replicated);
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
    free(model->chunks);
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

void model_place_parameters(struct model *model, int i, float *parameters)
{
    model->parts[i].parameters = parameters;
}

void model_place_gradients(struct model *model, int i, float *gradients)
{
    model->parts[i].gradients = gradients;
}

bool model_borrows(const struct model *model)
{
    for (int i = 0; i < model->part_count; i++)
        if (model->parts[i].borrowed && !model->parts[i].borrowed->copied)
            return true;
    return false;
}
