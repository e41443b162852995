/* Y = activation(X W^T + b), PyTorch's nn.Linear with the activation that follows it.
 *
 *   forward    Y  = X W^T          (r, i) (o, i)^T -> (r, o)
 *   backward   dY *= activation'   db = sum of dY's rows
 *              dX = dY W           (r, o) (o, i)   -> (r, i)
 *              dW = dY^T X         (r, o)^T (r, i) -> (o, i)
 *
 * Cut by rows, Y is a partial sum until after_forward has added those of the other tensor ranks;
 * cut by columns, dX is one until before_backward. A fused update is W = (1 - lr decay) W - lr dY^T
 * X, after dX has used the old W. A weight that is borrowed (tied embeddings) is not updated here:
 * its gradient goes to its owner.
 */
#include "../steps.h"
#include "../tensors.h"

#include <math.h>
#include <string.h>

enum { WEIGHT, BIAS };
enum { ROOM }; /* held: all positions, where they are shared */
enum { PRE }; /* saved: Y before the activation, where that is needed to go back (gelu) */

static void describe(const struct layer *layer, struct tensor_list *list)
{
    if (layer->borrows)
        return;
    struct tensor *weight = tensor_add_matrix(list, "weight", layer->out, layer->in);
    double variance = layer->activation == ACTIVATION_RELU ? 2.0 : 1.0;
    weight->deviation =
        layer->deviation != 0 ? layer->deviation : sqrt(variance / (double)layer->in);
    weight->cuts[CUT_COLUMNS] = TENSOR_ROWS;
    weight->cuts[CUT_ROWS] = TENSOR_COLUMNS;
    if (!layer->no_bias)
        tensor_add_vector(list, "bias", layer->out)->cuts[CUT_COLUMNS] = TENSOR_ROWS;
}

static uint64_t multiply_adds(const struct layer *layer)
{
    return (uint64_t)layer->positions * layer->in * layer->out;
}

/* This rank's inputs and outputs of a position. */
static size_t inputs(const struct model_part *part)
{
    return part->layer->borrows ? part->layer->in : part->tensor_list[WEIGHT].columns.count;
}

static size_t outputs(const struct model_part *part)
{
    return part->layer->borrows ? part->borrowed->rows.count : part->tensor_list[WEIGHT].rows.count;
}

static size_t width_in(const struct model_part *part)
{
    return part_own_positions(part) * inputs(part);
}

static size_t width_out(const struct model_part *part)
{
    return part->positions * outputs(part);
}

static bool needs_pre(enum activation kind)
{
    return kind == ACTIVATION_GELU || kind == ACTIVATION_GELU_TANH;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    if (trains && needs_pre(part->layer->activation))
        needs->saved[PRE] = width_out(part);
    needs->held[ROOM] = part->sequence ? part->positions * inputs(part) : 0;
}

/* Of the weight that is borrowed: the first layer, or, on another stage, the part itself has a copy. */
static const struct model_part *owner_of(const struct pass *pass)
{
    const struct model_tensor *borrowed = pass->part->borrowed;
    return borrowed && borrowed->copied ? pass->part : &pass->model->parts[0];
}

static const float *weight_of(const struct pass *pass)
{
    const struct model_tensor *borrowed = pass->part->borrowed;
    const struct model_part *owner = owner_of(pass);
    return borrowed ? view(owner->parameters, borrowed->at - owner->at) : pass_weight(pass, WEIGHT);
}

static const float *bias_of(const struct pass *pass)
{
    return pass->part->layer->no_bias ? NULL : pass_weight(pass, BIAS);
}

static bool does_nothing_more(const struct layer *layer)
{
    return layer->no_bias && layer->activation == ACTIVATION_NONE;
}

/* Where the tensor group must add between the product and the rest. */
static void forward_partial(const struct pass *pass, float *y)
{
    size_t i = inputs(pass->part), o = outputs(pass->part);
    step_product_summed(pass, pass->x, i, weight_of(pass), y, o);
    if (!does_nothing_more(pass->part->layer))
        step_bias_activate(pass, y, o, bias_of(pass), pass->part->layer->activation, pass->y);
}

/* Elsewhere product, bias and activation are one kernel. */
static void forward(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    float *y = pass->saved[PRE] ? pass->saved[PRE] : pass->y;
    size_t i = inputs(pass->part), o = outputs(pass->part), r = pass->positions;
    if (pass->part->cut == CUT_ROWS) {
        forward_partial(pass, y);
        return;
    }
    const float *x = pass_gather(pass, (float *)pass->x, pass->held[ROOM], i);
    struct work work = product_work(r, i, o);
    work.flops += r * o * ((layer->no_bias ? 0 : 1) + activation_flops(layer->activation));
    work.values += layer->no_bias ? 0 : o;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_gemm(PLAIN, TRANSPOSED, r, o, i, 1, x, i, weight_of(pass), i, 0, y, o);
    math_bias_activate(r, o, y, bias_of(pass), layer->activation, pass->y);
    rank_compute_end(pass->self);
}

static void activate_back(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    size_t o = outputs(pass->part);
    if (!layer->no_bias) {
        step_activate_back(pass, pass->dy, o, pass->saved[PRE], pass->y, layer->activation, BIAS);
        return;
    }
    struct work work =
        elements_work(pass->positions * o, activation_flops(layer->activation), 3);
    if (layer->activation == ACTIVATION_NONE || !rank_compute_begin(pass->self, work))
        return;
    math_activate_backward(pass->positions, o, pass->dy, pass->saved[PRE], pass->y,
                           layer->activation, NULL, false);
    rank_compute_end(pass->self);
}

static void backward_input(const struct pass *pass)
{
    size_t i = inputs(pass->part), o = outputs(pass->part);
    activate_back(pass);
    if (!pass->part->needs_dx)
        return;
    float *dx = pass->part->sequence ? pass->held[ROOM] : pass->dx;
    if (pass->part->cut != CUT_COLUMNS) {
        step_product_back(pass, pass->dy, o, weight_of(pass), dx, i);
        return;
    }
    const float *own = step_product_back_summed(pass, pass->dy, o, weight_of(pass), dx, i);
    if (own && own != pass->dx)
        memcpy(pass->dx, own, pass->own * i * sizeof *own);
}

/* The owner applies what comes of it, later in the pass. */
static void borrowed_gradient(const struct pass *pass, const float *x)
{
    size_t i = inputs(pass->part), o = outputs(pass->part);
    if (!rank_compute_begin(pass->self, weight_gradient_work(pass->positions, i, o, pass->first)))
        return;
    math_gemm(TRANSPOSED, PLAIN, o, i, pass->positions, 1, pass->dy, o, x, i,
              pass->first ? 0 : 1,
              view(owner_of(pass)->gradients, pass->part->borrowed->at - owner_of(pass)->at), i);
    rank_compute_end(pass->self);
}

static void backward_weight(const struct pass *pass)
{
    size_t i = inputs(pass->part);
    const float *x = pass_gather(pass, (float *)pass->x, pass->held[ROOM], i);
    if (pass->part->borrowed)
        borrowed_gradient(pass, x);
    else
        step_weight_gradient(pass, WEIGHT, pass->dy, outputs(pass->part), x, i);
}

const struct layer_ops layer_linear = {
    .name = "linear",
    .summary = "a matrix and a bias, with the activation after it",
    .describe = describe,
    .pairs = true,
    .shares_positions = true,
    .in = width_in,
    .out = width_out,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
