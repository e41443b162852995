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
#include "../layer.h"

static size_t parameter_count(size_t in, size_t out)
{
    return out * in + out;
}

static uint64_t weight(const struct layer *layer)
{
    return (uint64_t)layer->in * layer->out;
}

static void place(struct model_part *part, float *parameters, float *gradients)
{
    size_t weights = part->out.count * part->in.count;
    part->weight = parameters;
    part->bias = view(parameters, weights);
    part->dweight = gradients;
    part->dbias = view(gradients, weights);
}

/* Each of the three products has the same size. */
static struct work product_work(const struct model_part *part, size_t rows)
{
    uint64_t r = rows, i = part->in.count, o = part->out.count;
    return (struct work){
        .flops = 2 * r * i * o, .bytes = sizeof(float) * (r * i + i * o + r * o), .kernels = 1};
}

static uint64_t activation_flops(enum activation kind)
{
    return kind == ACTIVATION_NONE ? 0 : kind == ACTIVATION_RELU ? 1 : 20;
}

/* Bias and activation on the way forward, or their gradients on the way back: the arrays of (r, o)
 * that are read and written come from the caller. */
static struct work pass_work(const struct model_part *part, size_t rows, uint64_t arrays)
{
    uint64_t r = rows, o = part->out.count;
    return (struct work){.flops = r * o * (1 + activation_flops(part->layer->activation)),
                         .bytes = sizeof(float) * (arrays * r * o + o),
                         .kernels = 1};
}

static void product(const struct model_part *part, struct share rows, float *y)
{
    size_t i = part->in.count, o = part->out.count;
    math_gemm(PLAIN, TRANSPOSED, rows.count, o, i, 1, part->x + rows.begin * i, i, part->weight, i,
              0, y, o);
}

static void bias_activate(const struct model_part *part, struct share rows, float *y)
{
    size_t o = part->out.count;
    math_bias_activate(rows.count, o, y, part->bias, part->layer->activation,
                       part->y + rows.begin * o);
}

/* Product, bias and activation are one kernel but where the tensor group must add in between. */
static void forward(struct rank *self, struct model *model, struct model_part *part,
                    struct share rows)
{
    float *y = view(part->pre ? part->pre : part->y, rows.begin * part->out.count);
    struct work work = product_work(part, rows.count), pass = pass_work(part, rows.count, 2);
    bool partial = part->cut == CUT_ROWS;
    if (!partial) {
        work.flops += pass.flops;
        work.bytes += sizeof(float) * part->out.count;
    }
    if (rank_compute_begin(self, work)) {
        product(part, rows, y);
        if (!partial)
            bias_activate(part, rows, y);
        rank_compute_end(self);
    }
    if (!partial)
        return;
    model->hooks.after_forward(model->hooks.context, self, y, rows.count * part->out.count);
    if (rank_compute_begin(self, pass)) {
        bias_activate(part, rows, y);
        rank_compute_end(self);
    }
}

/* Turns dY into the gradient before the activation, in place, and sums its rows. */
static void activation_backward(struct rank *self, struct model *model, struct model_part *part,
                                struct share rows, bool first)
{
    size_t o = part->out.count, at = rows.begin * o;
    bool active = part->layer->activation != ACTIVATION_NONE;
    if (!rank_compute_begin(self, pass_work(part, rows.count, active ? 3 : 1)))
        return;
    math_activate_backward(rows.count, o, part->dy + at, view(part->pre, at), part->y + at,
                           part->layer->activation, part->dbias, !first);
    if (model->fused.done)
        math_sgd(o, part->bias, part->dbias, NULL, model->fused.lr, 0, model->fused.decay, true);
    rank_compute_end(self);
}

static void input_gradient(struct rank *self, struct model_part *part, struct share rows)
{
    size_t i = part->in.count, o = part->out.count;
    if (!rank_compute_begin(self, product_work(part, rows.count)))
        return;
    math_gemm(PLAIN, PLAIN, rows.count, i, o, 1, part->dy + rows.begin * o, o, part->weight, i, 0,
              part->dx + rows.begin * i, i);
    rank_compute_end(self);
}

static void weight_gradient(struct rank *self, struct model *model, struct model_part *part,
                            struct share rows, bool first)
{
    size_t i = part->in.count, o = part->out.count;
    const struct fused_update *fused = &model->fused;
    struct work work = product_work(part, rows.count);
    work.bytes += first ? 0 : sizeof(float) * i * o;
    if (!rank_compute_begin(self, work))
        return;
    math_gemm(TRANSPOSED, PLAIN, o, i, rows.count, fused->done ? -fused->lr : 1,
              part->dy + rows.begin * o, o, part->x + rows.begin * i, i,
              fused->done ? 1 - fused->lr * fused->decay
              : first     ? 0
                          : 1,
              fused->done ? part->weight : part->dweight, i);
    rank_compute_end(self);
}

static void backward(struct rank *self, struct model *model, struct model_part *part,
                     struct share rows, bool first, bool last)
{
    const struct model_hooks *hooks = &model->hooks;
    activation_backward(self, model, part, rows, first);
    if (part->needs_dx)
        input_gradient(self, part, rows);
    weight_gradient(self, model, part, rows, first);
    if (last && hooks->gradient_ready)
        hooks->gradient_ready(hooks->context, self, part->at, part->parameter_count);
    if (part->needs_dx && part->cut == CUT_COLUMNS)
        hooks->before_backward(hooks->context, self, view(part->dx, rows.begin * part->in.count),
                               rows.count * part->in.count);
}

const struct layer_ops layer_linear = {
    .name = "linear",
    .summary = "a matrix and a bias, with the activation after it",
    .parameter_count = parameter_count,
    .weight = weight,
    .place = place,
    .forward = forward,
    .backward = backward,
};
