/* An activation that stands by itself: behind a linear layer or a convolution it is part of that. */
#include "../steps.h"

#include <string.h>

static uint64_t multiply_adds(const struct layer *layer)
{
    (void)layer;
    return 0;
}

static struct work work_of(const struct pass *pass, uint64_t arrays)
{
    const struct layer *layer = pass->part->layer;
    return elements_work(pass->positions * layer->out, activation_flops(layer->activation), arrays);
}

static void forward(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    if (!rank_compute_begin(pass->self, work_of(pass, 2)))
        return;
    memcpy(pass->y, pass->x, pass->positions * layer->out * sizeof *pass->y);
    math_bias_activate(pass->positions, layer->out, pass->y, NULL, layer->activation, pass->y);
    rank_compute_end(pass->self);
}

static void backward_input(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    if (!pass->part->needs_dx || !rank_compute_begin(pass->self, work_of(pass, 4)))
        return;
    memcpy(pass->dx, pass->dy, pass->positions * layer->out * sizeof *pass->dx);
    math_activate_backward(pass->positions, layer->out, pass->dx, pass->x, pass->y,
                           layer->activation, NULL, false);
    rank_compute_end(pass->self);
}

const struct layer_ops layer_activation = {
    .name = "activation",
    .summary = "relu, tanh, gelu or gelu_tanh of each value",
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
};
