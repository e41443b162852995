/* Y = activation(X W^T + b), PyTorch's nn.Linear with the activation that follows it.
 *
 *   forward    Y  = X W^T          (r, i) (o, i)^T -> (r, o)
 *   backward   dY *= activation'   db = sum of dY's rows
 *              dX = dY W           (r, o) (o, i)   -> (r, i)
 *              dW = dY^T X         (r, o)^T (r, i) -> (o, i)
 *
 * Cut by rows, Y is a partial sum until after_forward has added those of the other tensor ranks;
 * cut by columns, dX is one until before_backward. A fused update is W = (1 - lr decay) W - lr dY^T
 * X, after dX has used the old W.
 */
#include "../tensors.h"

#include <math.h>

enum { WEIGHT, BIAS };
enum { PRE }; /* saved: Y before the activation, where that is needed to go back (gelu) */

static void describe(const struct layer *layer, struct tensor_list *list)
{
    struct tensor *weight = tensor_add_matrix(list, "weight", layer->out, layer->in);
    weight->deviation =
        sqrt((layer->activation == ACTIVATION_RELU ? 2.0 : 1.0) / (double)layer->in);
    weight->cuts[CUT_COLUMNS] = TENSOR_ROWS;
    weight->cuts[CUT_ROWS] = TENSOR_COLUMNS;
    tensor_add_vector(list, "bias", layer->out)->cuts[CUT_COLUMNS] = TENSOR_ROWS;
}

static uint64_t multiply_adds(const struct layer *layer)
{
    return (uint64_t)layer->positions * layer->in * layer->out;
}

/* This rank's inputs and outputs of a position. */
static size_t inputs(const struct model_part *part)
{
    return part->tensor_list[WEIGHT].columns.count;
}

static size_t outputs(const struct model_part *part)
{
    return part->tensor_list[WEIGHT].rows.count;
}

static size_t width_in(const struct model_part *part)
{
    return part->layer->positions * inputs(part);
}

static size_t width_out(const struct model_part *part)
{
    return part->layer->positions * outputs(part);
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    if (trains && part->layer->activation == ACTIVATION_GELU)
        needs->saved[PRE] = width_out(part);
}

/* Each of the three products has the same size. */
static struct work product_work(const struct pass *pass)
{
    uint64_t r = pass->positions, i = inputs(pass->part), o = outputs(pass->part);
    return (struct work){
        .flops = 2 * r * i * o, .bytes = sizeof(float) * (r * i + i * o + r * o), .kernels = 1};
}

static uint64_t activation_flops(enum activation kind)
{
    return kind == ACTIVATION_NONE ? 0 : kind == ACTIVATION_RELU ? 1 : 20;
}

/* Bias and activation on the way forward, or their gradients on the way back: the arrays of (r, o)
 * that are read and written come from the caller. */
static struct work pass_work(const struct pass *pass, uint64_t arrays)
{
    uint64_t r = pass->positions, o = outputs(pass->part);
    return (struct work){.flops = r * o * (1 + activation_flops(pass->part->layer->activation)),
                         .bytes = sizeof(float) * (arrays * r * o + o),
                         .kernels = 1};
}

static void product(const struct pass *pass, float *y)
{
    size_t i = inputs(pass->part), o = outputs(pass->part);
    math_gemm(PLAIN, TRANSPOSED, pass->positions, o, i, 1, pass->x, i, pass_weight(pass, WEIGHT), i,
              0, y, o);
}

static void bias_activate(const struct pass *pass, float *y)
{
    math_bias_activate(pass->positions, outputs(pass->part), y, pass_weight(pass, BIAS),
                       pass->part->layer->activation, pass->y);
}

/* Product, bias and activation are one kernel but where the tensor group must add in between. */
static void forward(const struct pass *pass)
{
    float *y = pass->saved[PRE] ? pass->saved[PRE] : pass->y;
    struct work work = product_work(pass), after = pass_work(pass, 2);
    size_t o = outputs(pass->part);
    bool partial = pass->part->cut == CUT_ROWS;
    if (!partial) {
        work.flops += after.flops;
        work.bytes += sizeof(float) * o;
    }
    if (rank_compute_begin(pass->self, work)) {
        product(pass, y);
        if (!partial)
            bias_activate(pass, y);
        rank_compute_end(pass->self);
    }
    if (!partial)
        return;
    pass_sum_forward(pass, y, pass->positions * o);
    if (rank_compute_begin(pass->self, after)) {
        bias_activate(pass, y);
        rank_compute_end(pass->self);
    }
}

/* Turns dY into the gradient before the activation, in place, and sums its rows. */
static void activation_backward(const struct pass *pass)
{
    bool active = pass->part->layer->activation != ACTIVATION_NONE;
    if (!rank_compute_begin(pass->self, pass_work(pass, active ? 3 : 1)))
        return;
    math_activate_backward(pass->positions, outputs(pass->part), pass->dy, pass->saved[PRE],
                           pass->y, pass->part->layer->activation, pass_gradient(pass, BIAS),
                           !pass->first);
    pass_update(pass, BIAS);
    rank_compute_end(pass->self);
}

static void backward_input(const struct pass *pass)
{
    size_t i = inputs(pass->part), o = outputs(pass->part);
    activation_backward(pass);
    if (!pass->part->needs_dx)
        return;
    if (rank_compute_begin(pass->self, product_work(pass))) {
        math_gemm(PLAIN, PLAIN, pass->positions, i, o, 1, pass->dy, o, pass_weight(pass, WEIGHT), i,
                  0, pass->dx, i);
        rank_compute_end(pass->self);
    }
    if (pass->part->cut == CUT_COLUMNS)
        pass_sum_backward(pass, pass->dx, pass->positions * i);
}

static void backward_weight(const struct pass *pass)
{
    size_t i = inputs(pass->part), o = outputs(pass->part);
    const struct fused_update *fused = &pass->model->fused;
    struct work work = product_work(pass);
    work.bytes += pass->first ? 0 : sizeof(float) * i * o;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_gemm(TRANSPOSED, PLAIN, o, i, pass->positions, fused->done ? -fused->lr : 1, pass->dy, o,
              pass->x, i,
              fused->done   ? 1 - fused->lr * fused->decay
              : pass->first ? 0
                            : 1,
              fused->done ? pass_weight(pass, WEIGHT) : pass_gradient(pass, WEIGHT), i);
    rank_compute_end(pass->self);
}

const struct layer_ops layer_linear = {
    .name = "linear",
    .summary = "a matrix and a bias, with the activation after it",
    .describe = describe,
    .pairs = true,
    .in = width_in,
    .out = width_out,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
