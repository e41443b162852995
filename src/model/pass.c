/* Forward, loss and backward: the layers in their order, each with the buffers of the microbatch. */
#include "inside.h"

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
                        .positions = rows.count * part->layer->positions,
                        .x = rows_of(&part->x, rows),
                        .y = rows_of(&part->y, rows),
                        .dx = rows_of(&part->dx, rows),
                        .dy = rows_of(&part->dy, rows),
                        .scratch = model->scratch,
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

void model_forward(struct rank *self, struct model *model, struct share rows)
{
    for (int i = 0; i < model->part_count; i++) {
        struct pass pass = pass_of(self, model, &model->parts[i], rows, false);
        pass.part->layer->ops->forward(&pass);
    }
}

static void part_backward_input(struct rank *self, struct model *model,
                                const struct model_part *part, struct share rows, bool first)
{
    struct pass pass = pass_of(self, model, part, rows, first);
    if (part->layer->ops->backward_input)
        part->layer->ops->backward_input(&pass);
}

static void part_backward_weight(struct rank *self, struct model *model,
                                 const struct model_part *part, struct share rows, bool first,
                                 bool last)
{
    const struct model_hooks *hooks = &model->hooks;
    struct pass pass = pass_of(self, model, part, rows, first);
    if (part->layer->ops->backward_weight)
        part->layer->ops->backward_weight(&pass);
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
    model->fused.done = model->fused.on && first && last;
    for (int i = model->part_count - 1; i >= 0; i--) {
        part_backward_input(self, model, &model->parts[i], rows, first);
        part_backward_weight(self, model, &model->parts[i], rows, first, last);
    }
}

void model_backward_input(struct rank *self, struct model *model, struct share rows, bool first,
                          bool last)
{
    model->fused.done = model->fused.on && first && last;
    for (int i = model->part_count - 1; i >= 0; i--)
        part_backward_input(self, model, &model->parts[i], rows, first);
}

void model_backward_weight(struct rank *self, struct model *model, struct share rows, bool first,
                           bool last)
{
    for (int i = model->part_count - 1; i >= 0; i--)
        part_backward_weight(self, model, &model->parts[i], rows, first, last);
}

double model_loss(struct rank *self, struct model *model, struct share rows, const void *targets,
                  float scale)
{
    const struct model_spec *spec = model->spec;
    double loss = 0;
    if (spec->loss && rank_compute_begin(self, spec->loss->work(&spec->loss_shape, rows.count))) {
        loss = spec->loss->compute(&spec->loss_shape, rows.count, model_output(model, rows),
                                   targets, scale, model_output_gradient(model, rows));
        rank_compute_end(self);
    }
    return loss;
}
