/* The attention half of a transformer block (Vaswani et al. 2017; pre-norm and causal as in GPT-2:
 * Radford et al. 2019), with its normalisation before it and the connection around it:
 *
 *     N = norm(X)    QKV = N Wqkv^T + bqkv    A = attention(QKV)    Y = X + A Wo^T + bo
 *
 * With dropout, as in GPT-2, of the probabilities within attention and of what is added to X.
 *
 * Over tensor ranks by heads (Shoeybi et al. 2019, section 3): a rank has the rows of Wqkv of its
 * heads, and the columns of Wo that take them, so A Wo^T is a partial sum on the way forward, and
 * the gradient of N on the way back. Over context ranks by positions (ring.h). Letters: C the width, c what a rank has of it.
 */
#include "../inside.h"
#include "../ring.h"
#include "../steps.h"
#include "../tensors.h"

#include "threadrack/math/transformer.h"

enum { NORM_GAIN, NORM_BIAS, QKV_WEIGHT, QKV_BIAS, OUT_WEIGHT, OUT_BIAS };
enum { N, MEAN, RSTD, QKV, P, A, DROPPED, KEPT_P, KEPT }; /* saved; P in a ring: what it keeps of queries (ring.h);
                                                            * the last three with dropout: P as it is used, and which
                                                            * of P and of the branch stay, in bytes */
enum { DA, DQKV, DN, DY, DELTA }; /* held; DN is also room for what is gathered or to be summed, DY for dY */
static const double usual_deviation = 0.02; /* GPT-2's */

static void describe(const struct layer *layer, struct tensor_list *list)
{
    size_t c = layer->in;
    double deviation = layer->deviation != 0 ? layer->deviation : usual_deviation;
    tensor_add_norm(list, "ln_1.", c);
    struct tensor *qkv = tensor_add_matrix(list, "attn.c_attn.weight", 3 * c, c);
    qkv->deviation = deviation;
    qkv->cuts[CUT_WITHIN] = TENSOR_HEADS;
    qkv->grain = c / layer->heads;
    qkv = tensor_add_vector(list, "attn.c_attn.bias", 3 * c);
    qkv->cuts[CUT_WITHIN] = TENSOR_HEADS;
    qkv->grain = c / layer->heads;
    struct tensor *out = tensor_add_matrix(list, "attn.c_proj.weight", c, c);
    out->deviation = layer->residual_deviation != 0 ? layer->residual_deviation : deviation;
    out->cuts[CUT_WITHIN] = TENSOR_COLUMNS;
    out->grain = c / layer->heads;
    tensor_add_vector(list, "attn.c_proj.bias", c);
}

static size_t most_tensors(const struct layer *layer)
{
    return layer->heads;
}

/* Four products of C by C, and q k^T and p v over all pairs of positions: those above the diagonal
 * are counted, as Narayanan et al. 2021 do. */
static uint64_t multiply_adds(const struct layer *layer)
{
    uint64_t t = layer->positions, c = layer->in;
    return 4 * t * c * c + 2 * t * t * c;
}

static size_t own_width(const struct model_part *part)
{
    return part->tensor_list[OUT_WEIGHT].columns.count;
}

static struct attention shape_of(const struct model_part *part)
{
    size_t head = part->layer->in / part->layer->heads;
    return (struct attention){
        .heads = own_width(part) / head, .head_width = head, .tokens = part->positions};
}

static void needs_of_dropout(const struct model_part *part, struct layer_needs *needs)
{
    struct attention shape = shape_of(part);
    size_t pairs = part->contexts > 1 ? 0 : shape.heads * shape.tokens * shape.tokens; /* a ring draws again */
    needs->saved[DROPPED] = pairs;
    needs->saved[KEPT_P] = floats_of_bytes(pairs);
    needs->saved[KEPT] = floats_of_bytes(part_own_positions(part) * part->layer->in);
    needs->core[DROPPED] = needs->core[KEPT_P] = true;
    needs->full[KEPT_P] = needs->full[KEPT] = true;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    struct attention shape = shape_of(part);
    size_t t = part->positions, c = own_width(part);
    bool ring = part->contexts > 1;
    needs->saved[N] = part_own_positions(part) * part->layer->in;
    needs->saved[MEAN] = needs->saved[RSTD] = part_own_positions(part);
    needs->full[MEAN] = needs->full[RSTD] = true;
    needs->full[P] = ring;
    needs->saved[QKV] = 3 * t * c;
    needs->saved[P] = shape.heads * t * (ring ? RING_KEEPS : t);
    needs->saved[A] = t * c;
    needs->core[P] = !ring;
    needs->scratch = ring ? ring_scratch(part, shape, part_drops(part, trains)) : math_attention_scratch(&shape);
    if (part_drops(part, trains))
        needs_of_dropout(part, needs);
    if (!trains)
        return;
    needs->travelling = ring ? ring_rooms(shape) : 0;
    needs->held[DELTA] = ring ? shape.heads * t : 0;
    needs->held[DA] = t * c;
    needs->held[DQKV] = 3 * t * c;
    needs->held[DN] = t * part->layer->in;
    needs->held[DY] = part->sequence || part_drops(part, trains) ? t * part->layer->in : 0;
}

/* Two products over pairs of positions (on the way back, four) and the softmax between them; with dropout so many
 * operations more a pair, a number and a byte. */
static struct work attention_work(const struct pass *pass, uint64_t products, uint64_t dropout_flops)
{
    struct attention shape = shape_of(pass->part);
    uint64_t r = pass->rows, t = shape.tokens, c = shape.heads * shape.head_width;
    uint64_t pairs = r * shape.heads * t * t, dropped = pass_drops(pass) ? pairs : 0;
    return (struct work){.flops = products * 2 * pairs * shape.head_width + 14 * pairs +
                                  dropout_flops * dropped,
                         .bytes = dropped,
                         .values = r * t * c * 2 * products + pairs * products / 2 + dropped,
                         .kernels = 1};
}

static struct attention with_dropout(const struct pass *pass)
{
    struct attention shape = shape_of(pass->part);
    if (!pass_drops(pass))
        return shape;
    shape.kept = (const uint8_t *)pass->saved[KEPT_P];
    shape.dropped = pass->saved[DROPPED];
    shape.factor = pass_kept_factor(pass);
    return shape;
}

static size_t first_head(const struct model_part *part)
{
    return part->tensor_list[OUT_WEIGHT].columns.begin * part->layer->heads / part->layer->in;
}

/* Head by head, so that a head's draws are its own wherever it is. */
static void draw_kept(const struct pass *pass)
{
    struct attention shape = shape_of(pass->part);
    size_t pairs = shape.tokens * shape.tokens, all = pass->part->layer->heads, first = first_head(pass->part);
    uint8_t *kept = (uint8_t *)pass->saved[KEPT_P];
    for (size_t r = 0; r < pass->rows && pass_drops(pass); r++)
        math_dropout_draw(pass_draw(pass, true), pass->part->layer->dropout,
                          ((pass->model->dropout.row + r) * all + first) * pairs, shape.heads * pairs,
                          kept + r * shape.heads * pairs);
}

static void attend(const struct pass *pass)
{
    struct attention shape = with_dropout(pass);
    if (!rank_compute_begin(pass->self, attention_work(pass, 2, DROPOUT_FLOPS)))
        return;
    draw_kept(pass);
    math_attention(&shape, pass->rows, pass->saved[QKV], pass->saved[P], pass->saved[A],
                   pass->scratch);
    rank_compute_end(pass->self);
}

static void attend_back(const struct pass *pass)
{
    struct attention shape = with_dropout(pass);
    if (!rank_compute_begin(pass->self, attention_work(pass, 4, 1)))
        return;
    math_attention_backward(&shape, pass->rows, pass->saved[QKV], pass->saved[P], pass->held[DA],
                            pass->held[DQKV], pass->scratch);
    rank_compute_end(pass->self);
}

static struct attention_drops drops_of(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    return (struct attention_drops){.draw = pass_draw(pass, true),
                                    .rate = layer->dropout,
                                    .factor = pass_kept_factor(pass),
                                    .heads = layer->heads,
                                    .tokens = layer->positions,
                                    .row = pass->model->dropout.row,
                                    .head = first_head(pass->part)};
}

static struct ring ring_of(const struct pass *pass)
{
    struct attention shape = shape_of(pass->part);
    size_t kept = pass->rows * shape.heads * shape.tokens;
    return (struct ring){.pass = pass,
                         .shape = shape,
                         .qkv = pass->saved[QKV],
                         .y = pass->saved[A],
                         .most = pass->saved[P],
                         .sum = view(pass->saved[P], kept),
                         .dy = pass->held[DA],
                         .delta = pass->held[DELTA],
                         .dqkv = pass->held[DQKV],
                         .drops = drops_of(pass)};
}

static void core(const struct pass *pass)
{
    struct ring ring = ring_of(pass);
    if (pass->part->contexts > 1)
        ring_attend(&ring);
    else
        attend(pass);
}

/* A ring makes probabilities again as it is. */
static void core_back(const struct pass *pass)
{
    struct ring ring = ring_of(pass);
    if (pass->part->contexts > 1) {
        ring_attend_back(&ring);
        return;
    }
    if (pass->model->spec->recompute == RECOMPUTE_SELECTIVE)
        attend(pass);
    attend_back(pass);
}

static void forward(const struct pass *pass)
{
    size_t width = pass->part->layer->in, c = own_width(pass->part);
    step_norm(pass, width, pass->x, NORM_GAIN, pass->saved[N], pass->saved[MEAN],
              pass->saved[RSTD]);
    const float *n = pass_gather(pass, pass->saved[N], pass->held[DN], width);
    step_product(pass, n, width, pass_weight(pass, QKV_WEIGHT), pass->saved[QKV], 3 * c);
    step_bias_activate(pass, pass->saved[QKV], 3 * c, pass_weight(pass, QKV_BIAS), ACTIVATION_NONE,
                       pass->saved[QKV]);
    core(pass);
    float *sum = pass_partial(pass, pass->held[DN]);
    if (pass->part->cut == CUT_NONE)
        step_product(pass, pass->saved[A], c, pass_weight(pass, OUT_WEIGHT), sum, width);
    else
        step_product_summed(pass, pass->saved[A], c, pass_weight(pass, OUT_WEIGHT), sum, width);
    step_residual(pass, width, pass->x, pass_weight(pass, OUT_BIAS), pass->y, pass->saved[KEPT]);
}

static void backward_input(const struct pass *pass)
{
    size_t width = pass->part->layer->in, c = own_width(pass->part);
    float *own = step_dropout_back(pass, width, pass->saved[KEPT], pass_own(pass, pass->held[DY], width));
    const float *dy = pass_gather(pass, own, pass->held[DY], width);
    float *dn = pass->held[DN];
    step_product_back(pass, dy, width, pass_weight(pass, OUT_WEIGHT), pass->held[DA], c);
    core_back(pass);
    if (pass->part->cut == CUT_NONE)
        step_product_back(pass, pass->held[DQKV], 3 * c, pass_weight(pass, QKV_WEIGHT), dn, width);
    else
        dn = step_product_back_summed(pass, pass->held[DQKV], 3 * c, pass_weight(pass, QKV_WEIGHT), dn, width);
    step_norm_back(pass, width, pass->x, NORM_GAIN, pass->saved[MEAN], pass->saved[RSTD], dn, true);
}

static void backward_weight(const struct pass *pass)
{
    size_t width = pass->part->layer->in, c = own_width(pass->part);
    float *dy = pass->part->sequence || pass_drops(pass) ? pass->held[DY] : pass->dy;
    step_activate_back(pass, dy, width, NULL, NULL, ACTIVATION_NONE, OUT_BIAS);
    step_weight_gradient(pass, OUT_WEIGHT, dy, width, pass->saved[A], c);
    step_activate_back(pass, pass->held[DQKV], 3 * c, NULL, NULL, ACTIVATION_NONE, QKV_BIAS);
    step_weight_gradient(pass, QKV_WEIGHT, pass->held[DQKV], 3 * c,
                         pass_gather(pass, pass->saved[N], pass->held[DN], width), width);
}

const struct layer_ops layer_attention = {
    .name = "attention",
    .summary = "X + causal self-attention of its norm: the first half of a transformer block",
    .describe = describe,
    .most_tensors = most_tensors,
    .shares_positions = true,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
