/* Layer normalisation of each position, PyTorch's nn.LayerNorm with eps 1e-5 (Ba et al. 2016). */
#include "../steps.h"
#include "../tensors.h"

enum { GAIN, BIAS };
enum { MEAN, RSTD };

static void describe(const struct layer *layer, struct tensor_list *list)
{
    tensor_add_norm(list, "", layer->in);
}

static uint64_t multiply_adds(const struct layer *layer)
{
    (void)layer;
    return 0;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    (void)trains;
    needs->saved[MEAN] = needs->saved[RSTD] = part_own_positions(part);
    needs->full[MEAN] = needs->full[RSTD] = true;
}

static void forward(const struct pass *pass)
{
    step_norm(pass, pass->part->layer->in, pass->x, GAIN, pass->y, pass->saved[MEAN],
              pass->saved[RSTD]);
}

static void backward_input(const struct pass *pass)
{
    step_norm_back(pass, pass->part->layer->in, pass->x, GAIN, pass->saved[MEAN],
                   pass->saved[RSTD], pass->dy, false);
}

const struct layer_ops layer_norm = {
    .name = "norm",
    .summary = "layer normalisation of each position",
    .describe = describe,
    .shares_positions = true,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
};
