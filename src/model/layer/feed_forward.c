/* The feed-forward half of a transformer block (Vaswani et al. 2017, section 3.3; pre-norm as in
 * GPT-2), with its normalisation before it and the connection around it:
 *
 *     N = norm(X)    H = activation(N W1^T + b1)    Y = X + H W2^T + b2
 *
 * Over tensor ranks by hidden units (Shoeybi et al. 2019, section 3): rows of W1, columns of W2, so
 * H W2^T is a partial sum on the way forward, and the gradient of N on the way back. Letters: h
 * what a rank has of the hidden units.
 */
#include "../steps.h"
#include "../tensors.h"

enum { NORM_GAIN, NORM_BIAS, IN_WEIGHT, IN_BIAS, OUT_WEIGHT, OUT_BIAS };
enum { NORM, MEAN, RSTD, PRE, H, KEPT }; /* saved; PRE is H where the activation can do without; KEPT, with dropout
                                           * of what is added to X: which stay, in bytes */
enum { DH, DN, DY }; /* held; DN is also room for what is gathered or to be summed, DY for dY */
static const double usual_deviation = 0.02; /* GPT-2's */

static void describe(const struct layer *layer, struct tensor_list *list)
{
    size_t c = layer->in, hidden = layer->hidden;
    double deviation = layer->deviation != 0 ? layer->deviation : usual_deviation;
    tensor_add_norm(list, "ln_2.", c);
    struct tensor *in = tensor_add_matrix(list, "mlp.c_fc.weight", hidden, c);
    in->deviation = deviation;
    in->cuts[CUT_WITHIN] = TENSOR_ROWS;
    tensor_add_vector(list, "mlp.c_fc.bias", hidden)->cuts[CUT_WITHIN] = TENSOR_ROWS;
    struct tensor *out = tensor_add_matrix(list, "mlp.c_proj.weight", c, hidden);
    out->deviation = layer->residual_deviation != 0 ? layer->residual_deviation : deviation;
    out->cuts[CUT_WITHIN] = TENSOR_COLUMNS;
    tensor_add_vector(list, "mlp.c_proj.bias", c);
}

static size_t most_tensors(const struct layer *layer)
{
    return layer->hidden;
}

static uint64_t multiply_adds(const struct layer *layer)
{
    return 2 * (uint64_t)layer->positions * layer->in * layer->hidden;
}

static size_t own_hidden(const struct model_part *part)
{
    return part->tensor_list[OUT_WEIGHT].columns.count;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    enum activation kind = part->layer->activation;
    size_t t = part->positions, h = own_hidden(part);
    needs->saved[NORM] = part_own_positions(part) * part->layer->in;
    needs->saved[MEAN] = needs->saved[RSTD] = part_own_positions(part);
    needs->full[MEAN] = needs->full[RSTD] = true;
    needs->saved[H] = t * h;
    if (!trains)
        return;
    if (kind == ACTIVATION_GELU || kind == ACTIVATION_GELU_TANH)
        needs->saved[PRE] = t * h;
    needs->held[DH] = t * h;
    needs->held[DN] = t * part->layer->in;
    needs->held[DY] = part->sequence || part_drops(part, trains) ? t * part->layer->in : 0;
    if (part_drops(part, trains)) {
        needs->saved[KEPT] = floats_of_bytes(part_own_positions(part) * part->layer->in);
        needs->full[KEPT] = true;
    }
}

static void forward(const struct pass *pass)
{
    size_t width = pass->part->layer->in, h = own_hidden(pass->part);
    float *pre = pass->saved[PRE] ? pass->saved[PRE] : pass->saved[H];
    step_norm(pass, width, pass->x, NORM_GAIN, pass->saved[NORM], pass->saved[MEAN],
              pass->saved[RSTD]);
    const float *n = pass_gather(pass, pass->saved[NORM], pass->held[DN], width);
    step_product(pass, n, width, pass_weight(pass, IN_WEIGHT), pre, h);
    step_bias_activate(pass, pre, h, pass_weight(pass, IN_BIAS), pass->part->layer->activation,
                       pass->saved[H]);
    float *sum = pass_partial(pass, pass->held[DN]);
    if (pass->part->cut == CUT_NONE)
        step_product(pass, pass->saved[H], h, pass_weight(pass, OUT_WEIGHT), sum, width);
    else
        step_product_summed(pass, pass->saved[H], h, pass_weight(pass, OUT_WEIGHT), sum, width);
    step_residual(pass, width, pass->x, pass_weight(pass, OUT_BIAS), pass->y, pass->saved[KEPT]);
}

static void backward_input(const struct pass *pass)
{
    size_t width = pass->part->layer->in, h = own_hidden(pass->part);
    float *own = step_dropout_back(pass, width, pass->saved[KEPT], pass_own(pass, pass->held[DY], width));
    const float *dy = pass_gather(pass, own, pass->held[DY], width);
    float *dn = pass->held[DN];
    step_product_back(pass, dy, width, pass_weight(pass, OUT_WEIGHT), pass->held[DH], h);
    step_activate_back(pass, pass->held[DH], h, pass->saved[PRE], pass->saved[H],
                       pass->part->layer->activation, IN_BIAS);
    if (pass->part->cut == CUT_NONE)
        step_product_back(pass, pass->held[DH], h, pass_weight(pass, IN_WEIGHT), dn, width);
    else
        dn = step_product_back_summed(pass, pass->held[DH], h, pass_weight(pass, IN_WEIGHT), dn, width);
    step_norm_back(pass, width, pass->x, NORM_GAIN, pass->saved[MEAN], pass->saved[RSTD], dn, true);
}

static void backward_weight(const struct pass *pass)
{
    size_t width = pass->part->layer->in, h = own_hidden(pass->part);
    float *dy = pass->part->sequence || pass_drops(pass) ? pass->held[DY] : pass->dy;
    step_activate_back(pass, dy, width, NULL, NULL, ACTIVATION_NONE, OUT_BIAS);
    step_weight_gradient(pass, OUT_WEIGHT, dy, width, pass->saved[H], h);
    step_weight_gradient(pass, IN_WEIGHT, pass->held[DH], h,
                         pass_gather(pass, pass->saved[NORM], pass->held[DN], width), width);
}

const struct layer_ops layer_feed_forward = {
    .name = "feed_forward",
    .summary = "X + two linear layers on its norm: the second half of a transformer block",
    .describe = describe,
    .most_tensors = most_tensors,
    .shares_positions = true,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
