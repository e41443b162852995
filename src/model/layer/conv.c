/* PyTorch's nn.Conv2d with stride 1 and the activation that follows it. Replicated over tensor
 * ranks. Letters as in math/convolution.h. */
#include "../steps.h"
#include "../tensors.h"

#include <math.h>

enum { WEIGHT, BIAS };
enum { PRE };

static size_t outputs(const struct convolution *c)
{
    return c->out * convolution_out_height(c) * convolution_out_width(c);
}

static void describe(const struct layer *layer, struct tensor_list *list)
{
    const struct convolution *c = &layer->image;
    struct tensor *weight =
        tensor_add(list, "weight", 4, (const size_t[]){c->out, c->in, c->kernel, c->kernel});
    double variance = layer->activation == ACTIVATION_RELU ? 2.0 : 1.0;
    weight->deviation = sqrt(variance / (double)(c->in * c->kernel * c->kernel));
    tensor_add_vector(list, "bias", c->out);
}

static uint64_t multiply_adds(const struct layer *layer)
{
    const struct convolution *c = &layer->image;
    return (uint64_t)outputs(c) * c->in * c->kernel * c->kernel;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    enum activation kind = part->layer->activation;
    if (trains && (kind == ACTIVATION_GELU || kind == ACTIVATION_GELU_TANH))
        needs->saved[PRE] = part->layer->out;
    needs->scratch = math_convolution_scratch(&part->layer->image);
}

/* Each of the three has the same size: input, weights and output once. */
static struct work convolution_work(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    uint64_t r = pass->rows, weights = pass_tensor(pass, WEIGHT)->count;
    return (struct work){.flops = 2 * r * multiply_adds(layer),
                         .values = r * layer->in + weights + r * layer->out,
                         .kernels = 1};
}

static void forward(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct work work = convolution_work(pass);
    float *y = pass->saved[PRE] ? pass->saved[PRE] : pass->y;
    work.flops += pass->rows * layer->out * (1 + activation_flops(layer->activation));
    work.values += layer->image.out;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_convolution(&layer->image, pass->rows, pass->x, pass_weight(pass, WEIGHT),
                     pass_weight(pass, BIAS), layer->activation, y, pass->y, pass->scratch);
    rank_compute_end(pass->self);
}

static void activate_back(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    size_t channels = layer->image.out, pixels = layer->out / channels;
    bool active = layer->activation != ACTIVATION_NONE;
    struct work work = elements_work(pass->rows * layer->out,
                                     1 + activation_flops(layer->activation), active ? 3 : 1);
    work.gradients += channels;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_image_activate_backward(pass->rows, channels, pixels, pass->dy, pass->saved[PRE], pass->y,
                                 layer->activation, pass_gradient(pass, BIAS), !pass->first);
    pass_update(pass, BIAS);
    rank_compute_end(pass->self);
}

static void backward_input(const struct pass *pass)
{
    activate_back(pass);
    if (!pass->part->needs_dx || !rank_compute_begin(pass->self, convolution_work(pass)))
        return;
    math_convolution_input_gradient(&pass->part->layer->image, pass->rows, pass->dy,
                                    pass_weight(pass, WEIGHT), pass->dx, pass->scratch);
    rank_compute_end(pass->self);
}

static void backward_weight(const struct pass *pass)
{
    const struct fused_update *fused = &pass->model->fused;
    struct work work = convolution_work(pass);
    uint64_t weights = pass_tensor(pass, WEIGHT)->count;
    work.values -= weights;
    work.gradients += pass->first ? weights : 2 * weights;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_convolution_weight_gradient(
        &pass->part->layer->image, pass->rows, pass->x, pass->dy, fused->done ? -fused->lr : 1,
        fused->done   ? 1 - fused->lr * fused->decay
        : pass->first ? 0
                      : 1,
        fused->done ? pass_weight(pass, WEIGHT) : pass_gradient(pass, WEIGHT), pass->scratch);
    rank_compute_end(pass->self);
}

const struct layer_ops layer_conv = {
    .name = "conv",
    .summary = "a convolution of images and a bias, with the activation after it",
    .describe = describe,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
