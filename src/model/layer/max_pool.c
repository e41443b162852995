/* 2x2 max pooling with stride 2, PyTorch's nn.MaxPool2d(2). */
#include "../steps.h"

enum { WHICH }; /* saved: which of the four was the largest, a byte each */

static uint64_t multiply_adds(const struct layer *layer)
{
    (void)layer;
    return 0;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    (void)trains;
    needs->saved[WHICH] = (part->layer->out + sizeof(float) - 1) / sizeof(float);
    needs->full[WHICH] = true;
}

/* Both ways all inputs are read or written, and a float and a byte of each output. */
static struct work pool_work(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    uint64_t in = pass->rows * layer->in, out = pass->rows * layer->out;
    return (struct work){
        .flops = in, .values = in + out, .bytes = out, .kernels = 1};
}

static void forward(const struct pass *pass)
{
    const struct convolution *c = &pass->part->layer->image;
    if (!rank_compute_begin(pass->self, pool_work(pass)))
        return;
    math_pool(pass->rows * c->in, c->height, c->width, pass->x, pass->y,
              (uint8_t *)pass->saved[WHICH]);
    rank_compute_end(pass->self);
}

static void backward_input(const struct pass *pass)
{
    const struct convolution *c = &pass->part->layer->image;
    if (!pass->part->needs_dx || !rank_compute_begin(pass->self, pool_work(pass)))
        return;
    math_pool_backward(pass->rows * c->in, c->height, c->width, pass->dy,
                       (const uint8_t *)pass->saved[WHICH], pass->dx);
    rank_compute_end(pass->self);
}

const struct layer_ops layer_max_pool = {
    .name = "max_pool",
    .summary = "the largest of each 2x2 pixels",
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
};
