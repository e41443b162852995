/* Forward, loss and backward: the layers in their order. */
#include "inside.h"

void model_forward(struct rank *self, struct model *model, struct share rows)
{
    for (int i = 0; i < model->part_count; i++)
        model->parts[i].layer->ops->forward(self, model, &model->parts[i], rows);
}

void model_backward(struct rank *self, struct model *model, struct share rows, bool first,
                    bool last)
{
    model->fused.done = model->fused.on && first && last;
    for (int i = model->part_count - 1; i >= 0; i--)
        model->parts[i].layer->ops->backward(self, model, &model->parts[i], rows, first, last);
}

/* An exponential counts as ten operations. */
static struct work loss_work(size_t rows, size_t width)
{
    return (struct work){.flops = 14 * (uint64_t)(rows * width),
                         .bytes = sizeof(float) * (2 * (uint64_t)(rows * width) + rows),
                         .kernels = 1};
}

double model_loss(struct rank *self, struct model *model, struct share rows, const int32_t *labels,
                  float scale)
{
    size_t width = model->output_width;
    double loss = 0;
    if (model->spec->costs_loss && rank_compute_begin(self, loss_work(rows.count, width))) {
        loss = math_softmax_loss(rows.count, width, model_output(model, rows), labels, scale,
                                 model_output_gradient(model, rows));
        rank_compute_end(self);
    }
    return loss;
}
