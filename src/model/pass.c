/* Forward, loss and backward: the layers in their order, each with the buffers of the microbatch. */
#include "inside.h"

#include <string.h>

static float *rows_of(const struct buffer *buffer, struct share rows)
{
    return view(buffer->base, buffer->of_pass ? 0 : rows.begin * buffer->width);
}

static struct pass pass_of(struct rank *self, struct model *model, const struct model_part *part,
                           struct share rows, bool first)
{
    struct pass pass = {.self = self,
                        .model = model,
                        .part = part,
                        .rows = rows.count,
                        .positions = rows.count * part->positions,
                        .own = rows.count * part_own_positions(part),
                        .x = rows_of(&part->x, rows),
                        .y = rows_of(&part->y, rows),
                        .dx = rows_of(&part->dx, rows),
                        .dy = rows_of(&part->dy, rows),
                        .scratch = model->scratch,
                        .travelling = model->travelling,
                        .first = first};
    for (int i = 0; i < SAVED_MOST; i++)
        pass.saved[i] = rows_of(&part->saved[i], rows);
    for (int i = 0; i < HELD_MOST; i++)
        pass.held[i] = rows_of(&part->held[i], rows);
    return pass;
}

void pass_update(const struct pass *pass, int i)
{
    const struct fused_update *fused = &pass->model->fused;
    if (fused->done)
        math_sgd(pass_tensor(pass, i)->count, pass_weight(pass, i), pass_gradient(pass, i), NULL,
                 fused->lr, 0, fused->decay, true);
}

void pass_sum_forward(const struct pass *pass, float *partial, size_t count)
{
    const struct model_hooks *hooks = &pass->model->hooks;
    hooks->after_forward(hooks->context, pass->self, partial, count);
}

void pass_sum_backward(const struct pass *pass, float *partial, size_t count)
{
    const struct model_hooks *hooks = &pass->model->hooks;
    hooks->before_backward(hooks->context, pass->self, partial, count);
}

size_t part_own_positions(const struct model_part *part)
{
    return part->positions / (part->sequence ? (size_t)part->tensors : 1);
}

size_t model_contexts(const struct model *model)
{
    return model->place.contexts > 1 ? (size_t)model->place.contexts : 1;
}

struct loss_shape model_loss_shape(const struct model *model)
{
    struct loss_shape shape = model->spec->loss_shape;
    shape.positions /= model_contexts(model);
    return shape;
}

bool part_drops(const struct model_part *part, bool trains)
{
    return trains && part->layer->dropout > 0;
}

struct draw pass_draw(const struct pass *pass, bool inner)
{
    const struct dropout_key *key = &pass->model->dropout;
    return (struct draw){.seed = key->seed,
                         .purpose = PURPOSE_DROPOUT,
                         .rank = 2 * (uint32_t)pass->part->number + inner,
                         .step = key->step};
}

float *pass_own(const struct pass *pass, float *room, size_t width)
{
    return view(room, pass->part->sequence ? (size_t)pass->part->tensor * pass->own * width : 0);
}

/* In place; a library's all-gather takes the block from where it is, so the copy is free. */
float *pass_gather(const struct pass *pass, float *mine, float *room, size_t width)
{
    const struct model_hooks *hooks = &pass->model->hooks;
    if (!pass->part->sequence)
        return mine;
    if (room && mine != pass_own(pass, room, width))
        memcpy(pass_own(pass, room, width), mine, pass->own * width * sizeof *mine);
    hooks->gather_over_tensor(hooks->context, pass->self, NUMBER_VALUE, room, pass->positions * width);
    return room;
}

static float *scatter(const struct pass *pass, float *room, size_t width)
{
    const struct model_hooks *hooks = &pass->model->hooks;
    hooks->scatter_over_tensor(hooks->context, pass->self, room, pass->positions * width);
    return pass_own(pass, room, width);
}

float *pass_scatter_forward(const struct pass *pass, float *room, size_t width)
{
    if (!pass->part->sequence) {
        pass_sum_forward(pass, room, pass->positions * width);
        return room;
    }
    float *own = scatter(pass, room, width);
    if (room)
        memcpy(pass->y, own, pass->own * width * sizeof *own);
    return pass->y;
}

float *pass_scatter_backward(const struct pass *pass, float *room, size_t width)
{
    if (pass->part->sequence)
        return scatter(pass, room, width);
    pass_sum_backward(pass, room, pass->positions * width);
    return room;
}

float *pass_partial(const struct pass *pass, float *room)
{
    return pass->part->sequence ? room : pass->y;
}

/* As the hooks count: in the whole, of which this may be a chunk. */
static int number_in_whole(const struct model *model, int i)
{
    return model->whole ? (int)(model->parts - model->whole->parts) + i : i;
}

static void begin_part(struct rank *self, struct model *model, int i, enum way way, bool first)
{
    const struct model_hooks *hooks = &model->hooks;
    if (hooks->part_begins)
        hooks->part_begins(hooks->context, self, number_in_whole(model, i), way, first);
}

static void end_part(struct rank *self, struct model *model, int i, enum way way)
{
    const struct model_hooks *hooks = &model->hooks;
    if (hooks->part_ends)
        hooks->part_ends(hooks->context, self, number_in_whole(model, i), way);
}

static void part_forward(struct rank *self, struct model *model, const struct model_part *part,
                         struct share rows, bool again)
{
    struct pass pass = pass_of(self, model, part, rows, false);
    pass.again = again;
    part->layer->ops->forward(&pass);
}

void model_forward(struct rank *self, struct model *model, struct share rows)
{
    for (int i = 0; i < model->part_count; i++) {
        begin_part(self, model, i, WAY_FORWARD, false);
        part_forward(self, model, &model->parts[i], rows, false);
        end_part(self, model, i, WAY_FORWARD);
    }
}

/* What the block that ends with the part has dropped since is there again. */
static void recompute(struct rank *self, struct model *model, const struct model_part *part,
                      struct share rows)
{
    for (int i = part->again - 1; i >= 0; i--)
        part_forward(self, model, part - i, rows, true);
}

static void part_backward_input(struct rank *self, struct model *model,
                                const struct model_part *part, struct share rows, bool first)
{
    struct pass pass = pass_of(self, model, part, rows, first);
    if (part->layer->ops->backward_input)
        part->layer->ops->backward_input(&pass);
}

/* What a rank added up over its own positions only. */
static void sum_over_positions(struct rank *self, struct model *model, const struct model_part *part)
{
    const struct model_hooks *hooks = &model->hooks;
    struct share open = {0};
    for (int i = 0; i < part->layer->tensor_count; i++) {
        const struct model_tensor *tensor = &part->tensor_list[i];
        if (!tensor->whole->of_positions)
            continue;
        if (!open.count)
            open.begin = tensor->at;
        open.count += tensor->count;
    }
    if (open.count)
        hooks->sum_over_tensor(hooks->context, self, NUMBER_GRADIENT,
                               view(part->gradients, open.begin - part->at), open.count);
}

static void part_backward_weight(struct rank *self, struct model *model,
                                 const struct model_part *part, struct share rows, bool first,
                                 bool last)
{
    const struct model_hooks *hooks = &model->hooks;
    struct pass pass = pass_of(self, model, part, rows, first);
    if (part->layer->ops->backward_weight)
        part->layer->ops->backward_weight(&pass);
    if (part->sequence && (last || hooks->places_gradients)) /* each microbatch's are by themselves then */
        sum_over_positions(self, model, part);
    if (!last || !part->parameter_count || !hooks->gradient_ready)
        return;
    int number = (int)(part - model->parts);
    struct share experts = model_expert_range(model, number), rest = model_part_range(model, number);
    if (experts.count)
        hooks->gradient_ready(hooks->context, self, experts.begin, experts.count);
    hooks->gradient_ready(hooks->context, self, rest.begin, rest.count);
}

void model_backward(struct rank *self, struct model *model, struct share rows, bool first,
                    bool last)
{
    bool overwrites = first || model->hooks.places_gradients;
    model->fused.done = model->fused.on && first && last;
    for (int i = model->part_count - 1; i >= 0; i--) {
        begin_part(self, model, i, WAY_BACKWARD, first);
        recompute(self, model, &model->parts[i], rows);
        part_backward_input(self, model, &model->parts[i], rows, overwrites);
        part_backward_weight(self, model, &model->parts[i], rows, overwrites, last);
        end_part(self, model, i, WAY_BACKWARD);
    }
}

void model_backward_input(struct rank *self, struct model *model, struct share rows, bool first,
                          bool last)
{
    model->fused.done = model->fused.on && first && last;
    for (int i = model->part_count - 1; i >= 0; i--) {
        recompute(self, model, &model->parts[i], rows);
        part_backward_input(self, model, &model->parts[i], rows, first);
    }
}

void model_backward_weight(struct rank *self, struct model *model, struct share rows, bool first,
                           bool last)
{
    for (int i = model->part_count - 1; i >= 0; i--) {
        recompute(self, model, &model->parts[i], rows); /* others have passed since */
        part_backward_weight(self, model, &model->parts[i], rows, first, last);
    }
}

/* The outputs of a position that are this rank's. */
static struct share own_outputs(const struct model *model)
{
    return share_of(model->spec->loss_shape.width, (size_t)model->place.tensors,
                    (size_t)model->place.tensor);
}

static void exchange_parts(struct rank *self, struct model *model, struct share rows,
                           const void *targets)
{
    const struct model_spec *spec = model->spec;
    struct share own = own_outputs(model);
    struct loss_shape shape = model_loss_shape(model);
    size_t count = rows.count * shape.positions * spec->loss->parts;
    if (rank_compute_begin(self, spec->loss->parts_work(&shape, rows.count, own.count))) {
        spec->loss->part(&shape, rows.count, own, model_output(model, rows), targets,
                         model->loss_parts + (size_t)model->place.tensor * count);
        rank_compute_end(self);
    }
    model->hooks.gather_over_tensor(model->hooks.context, self, NUMBER_FULL, model->loss_parts,
                                    (size_t)model->place.tensors * count);
}

static double loss_of_shares(struct rank *self, struct model *model, struct share rows,
                             const void *targets, float scale)
{
    const struct loss_ops *loss = model->spec->loss;
    struct share own = own_outputs(model);
    struct loss_shape shape = model_loss_shape(model);
    double sum = 0;
    exchange_parts(self, model, rows, targets);
    if (rank_compute_begin(self, loss->of_parts_work(&shape, rows.count, own.count))) {
        sum = loss->of_parts(&shape, rows.count, own, model_output(model, rows), targets,
                             (size_t)model->place.tensors, model->loss_parts, scale,
                             model_output_gradient(model, rows));
        rank_compute_end(self);
    }
    return sum;
}

/* A slice's mean over its positions is of as many slices of the row's. */
double model_loss(struct rank *self, struct model *model, struct share rows, const void *targets,
                  float scale)
{
    const struct loss_ops *loss = model->spec->loss;
    struct loss_shape shape = model_loss_shape(model);
    double sum = 0;
    scale /= (float)model_contexts(model);
    if (model->shares_outputs)
        return loss_of_shares(self, model, rows, targets, scale);
    if (loss && rank_compute_begin(self, loss->work(&shape, rows.count))) {
        sum = loss->compute(&shape, rows.count, model_output(model, rows), targets, scale,
                            model_output_gradient(model, rows));
        rank_compute_end(self);
    }
    return sum;
}
