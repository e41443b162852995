/* A mixture of experts in the place of a block's feed-forward half (Shazeer et al. 2017; as in GShard,
 * Lepikhin et al. 2021): a router sends each position to its best k experts, each a feed-forward of
 * its own, which has places for so many positions of a row and no more:
 *
 *     N = norm(X)    P = softmax(N Wr^T)    for each expert e:  O_e = activation(N_e W1_e^T + b1_e)
 *     W2_e^T + b2_e    Y = X + sum over a position's choices of gate * O
 *
 * A choice that finds no place adds nothing. Places are there whether taken or not, as in GShard, so
 * the cost is known from shapes alone. Over tensor ranks it is replicated. An expert group shares the
 * experts out, e at a time: each of its ranks has rows of its own, and four times a step all ranks
 * exchange what is at the others' experts' places (Lepikhin et al. 2021, section 3.3). Letters: E
 * experts, C places an expert has for a row's positions, s = R E C of them all, h hidden units.
 */
#include "../steps.h"
#include "../tensors.h"

#include "threadrack/math/experts.h"

#include <string.h>

enum { NORM_GAIN, NORM_BIAS, ROUTER, IN_WEIGHT, IN_BIAS, OUT_WEIGHT, OUT_BIAS };
enum { NORM, MEAN, RSTD, P, PLACES, GATES, IN, PRE, H, OUT, KEPT }; /* saved; PRE is H where that will
                                                                          * do; KEPT as of feed_forward */
enum { DOUT, DH, DLOGITS, DN, DIN };                          /* held */
static const double usual_deviation = 0.02;                   /* GPT-2's */

static struct routing routing_of(const struct layer *layer)
{
    return (struct routing){.experts = layer->experts,
                            .choices = layer->choices,
                            .tokens = layer->positions,
                            .capacity = math_expert_capacity(layer->capacity, layer->choices,
                                                             layer->positions, layer->experts),
                            .width = layer->in};
}

/* One below the other, all experts'. */
static struct tensor *add_stacked(struct tensor_list *list, const char *name, int dimensions,
                                  const size_t *shape)
{
    struct tensor *tensor = tensor_add(list, name, dimensions, shape);
    tensor->of_experts = true;
    return tensor;
}

static void describe(const struct layer *layer, struct tensor_list *list)
{
    size_t c = layer->in, hidden = layer->hidden, e = layer->experts;
    double deviation = layer->deviation != 0 ? layer->deviation : usual_deviation;
    tensor_add_vector(list, "ln_2.weight", c)->mean = 1;
    tensor_add_vector(list, "ln_2.bias", c);
    tensor_add_matrix(list, "moe.router.weight", e, c)->deviation = deviation;
    add_stacked(list, "moe.experts.c_fc.weight", 3, (size_t[]){e, hidden, c})->deviation = deviation;
    add_stacked(list, "moe.experts.c_fc.bias", 2, (size_t[]){e, hidden});
    add_stacked(list, "moe.experts.c_proj.weight", 3, (size_t[]){e, c, hidden})->deviation =
        layer->residual_deviation != 0 ? layer->residual_deviation : deviation;
    add_stacked(list, "moe.experts.c_proj.bias", 2, (size_t[]){e, c});
}

/* Of all places, and of the router. */
static uint64_t multiply_adds(const struct layer *layer)
{
    struct routing s = routing_of(layer);
    return 2 * (uint64_t)s.experts * s.capacity * layer->in * layer->hidden +
           (uint64_t)layer->positions * layer->in * s.experts;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    const struct layer *layer = part->layer;
    struct routing s = routing_of(layer);
    size_t t = s.tokens, slots = s.experts * s.capacity;
    needs->saved[NORM] = t * s.width;
    needs->saved[MEAN] = needs->saved[RSTD] = t;
    needs->full[MEAN] = needs->full[RSTD] = true;
    needs->saved[P] = t * s.experts;
    needs->saved[PLACES] = needs->saved[GATES] = t * s.choices;
    needs->full[P] = needs->full[PLACES] = needs->full[GATES] = true; /* Fedus et al. 2022, section 2.4 */
    needs->saved[IN] = needs->saved[OUT] = slots * s.width;
    needs->saved[H] = slots * layer->hidden;
    if (!trains)
        return;
    if (part_drops(part, trains)) {
        needs->saved[KEPT] = floats_of_bytes(t * s.width);
        needs->full[KEPT] = true;
    }
    if (layer->activation == ACTIVATION_GELU || layer->activation == ACTIVATION_GELU_TANH)
        needs->saved[PRE] = slots * layer->hidden;
    needs->held[DOUT] = needs->held[DIN] = slots * s.width;
    needs->held[DH] = slots * layer->hidden;
    needs->held[DLOGITS] = t * (s.experts + s.choices); /* and the gates' gradients behind */
    needs->held[DN] = t * s.width;
}

/* ---- One expert: a pass of its own, over its places and its part of the stacked tensors. ---- */

enum { TENSORS = OUT_BIAS + 1 };

struct expert {
    struct pass pass;
    struct model_part part;
    struct model_tensor tensors[TENSORS];
    size_t at; /* of its places */
    size_t width, hidden;
};

/* Ranks that share the experts out. */
static size_t sharers(const struct pass *pass)
{
    int experts = pass->model->place.experts;
    return experts > 1 ? (size_t)experts : 1;
}

static size_t own_experts(const struct pass *pass)
{
    return pass->part->layer->experts / sharers(pass);
}

/* The rank's number-th; it has places for the rows of all who share. */
static void expert_of(const struct pass *pass, size_t number, struct expert *e)
{
    struct routing s = routing_of(pass->part->layer);
    e->pass = *pass;
    e->part = *pass->part;
    for (int i = ROUTER + 1; i < TENSORS; i++) {
        e->tensors[i] = pass->part->tensor_list[i];
        e->tensors[i].count /= own_experts(pass);
        e->tensors[i].at += number * e->tensors[i].count;
    }
    e->part.tensor_list = e->tensors;
    e->pass.part = &e->part;
    e->pass.positions = sharers(pass) * pass->rows * s.capacity;
    e->at = number * e->pass.positions;
    e->width = s.width;
    e->hidden = pass->part->layer->hidden;
}

/* Where the experts leave their outputs. */
static float *out_of(const struct pass *pass)
{
    return sharers(pass) > 1 ? pass->held[DIN] : pass->saved[OUT];
}

static void expert_forward(const struct expert *e)
{
    const struct pass *pass = &e->pass;
    enum activation kind = e->part.layer->activation;
    float *in = view(pass->saved[IN], e->at * e->width);
    float *h = view(pass->saved[H], e->at * e->hidden);
    float *pre = pass->saved[PRE] ? view(pass->saved[PRE], e->at * e->hidden) : h;
    float *out = view(out_of(pass), e->at * e->width);
    step_product(pass, in, e->width, pass_weight(pass, IN_WEIGHT), pre, e->hidden);
    step_bias_activate(pass, pre, e->hidden, pass_weight(pass, IN_BIAS), kind, h);
    step_product(pass, h, e->hidden, pass_weight(pass, OUT_WEIGHT), out, e->width);
    step_bias_activate(pass, out, e->width, pass_weight(pass, OUT_BIAS), ACTIVATION_NONE, out);
}

/* And, on the way back, their inputs' gradients: by then the outputs have been used. */
static float *din_of(const struct pass *pass)
{
    return sharers(pass) > 1 ? pass->saved[OUT] : pass->held[DIN];
}

static void expert_backward_input(const struct expert *e)
{
    const struct pass *pass = &e->pass;
    float *pre = pass->saved[PRE] ? view(pass->saved[PRE], e->at * e->hidden) : NULL;
    float *dh = view(pass->held[DH], e->at * e->hidden);
    step_product_back(pass, view(pass->held[DOUT], e->at * e->width), e->width,
                      pass_weight(pass, OUT_WEIGHT), dh, e->hidden);
    step_activate_back(pass, dh, e->hidden, pre, view(pass->saved[H], e->at * e->hidden),
                       e->part.layer->activation, IN_BIAS);
    step_product_back(pass, dh, e->hidden, pass_weight(pass, IN_WEIGHT),
                      view(din_of(pass), e->at * e->width), e->width);
}

static void expert_backward_weight(const struct expert *e)
{
    const struct pass *pass = &e->pass;
    float *dout = view(pass->held[DOUT], e->at * e->width);
    step_activate_back(pass, dout, e->width, NULL, NULL, ACTIVATION_NONE, OUT_BIAS);
    step_weight_gradient(pass, OUT_WEIGHT, dout, e->width,
                         view(pass->saved[H], e->at * e->hidden), e->hidden);
    step_weight_gradient(pass, IN_WEIGHT, view(pass->held[DH], e->at * e->hidden), e->hidden,
                         view(pass->saved[IN], e->at * e->width), e->width);
}

static void each_expert(const struct pass *pass, void (*visit)(const struct expert *e))
{
    for (size_t i = 0; i < own_experts(pass); i++) {
        struct expert e;
        expert_of(pass, i, &e);
        visit(&e);
    }
}

/* ---- Between those who share the experts out. ---- */

/* Blocks of one expert for one rank's rows: from the ranks' order to the experts', or back. */
static void reorder(const struct pass *pass, const float *from, float *to, bool back)
{
    struct routing s = routing_of(pass->part->layer);
    size_t block = pass->rows * s.capacity * s.width, own = own_experts(pass), all = sharers(pass);
    if (!rank_compute_begin(pass->self, elements_work(own * all * block, 0, 2)))
        return;
    for (size_t rank = 0; rank < all; rank++)
        for (size_t e = 0; e < own; e++) {
            size_t by_rank = rank * own + e, by_expert = e * all + rank;
            memcpy(to + (back ? by_rank : by_expert) * block,
                   from + (back ? by_expert : by_rank) * block, block * sizeof *to);
        }
    rank_compute_end(pass->self);
}

static void exchange(const struct pass *pass, float *places)
{
    struct routing s = routing_of(pass->part->layer);
    const struct model_hooks *hooks = &pass->model->hooks;
    hooks->exchange_experts(hooks->context, pass->self, places,
                            s.experts * pass->rows * s.capacity * s.width);
}

/* Where places are filled before they go to the experts, to lie at `places` then. */
static float *outgoing(const struct pass *pass, float *places)
{
    return sharers(pass) > 1 ? pass->held[DIN] : places;
}

static void to_experts(const struct pass *pass, float *places)
{
    if (sharers(pass) == 1)
        return;
    exchange(pass, pass->held[DIN]);
    reorder(pass, pass->held[DIN], places, false);
}

/* What the experts have left at `from` comes back to `places`: the same, where nobody shares. */
static void from_experts(const struct pass *pass, const float *from, float *places)
{
    if (sharers(pass) == 1)
        return;
    reorder(pass, from, places, true);
    exchange(pass, places);
}

/* ---- To them and back. ---- */

/* Positions read or written `arrays` times, and the places of all choices likewise. */
static struct work passage_work(const struct pass *pass, uint64_t arrays, uint64_t slot_arrays)
{
    struct routing s = routing_of(pass->part->layer);
    struct work work = elements_work(pass->positions * s.width, s.choices, arrays);
    work.values += slot_arrays * pass->rows * s.experts * s.capacity * s.width;
    return work;
}

static const int32_t *places_of(const struct pass *pass)
{
    return (const int32_t *)pass->saved[PLACES];
}

static void tally(const struct pass *pass, const struct routing *s)
{
    struct model *whole = pass->model->whole;
    struct routed *routed = whole ? &whole->routed : &pass->model->routed;
    size_t count = pass->positions * s->choices;
    routed->choices += count;
    routed->rows += pass->rows;
    routed->balance += math_route_balance(s, pass->rows, pass->saved[P], places_of(pass));
    for (size_t i = 0; i < count; i++)
        routed->dropped += places_of(pass)[i] < 0;
}

static void route(const struct pass *pass)
{
    struct routing s = routing_of(pass->part->layer);
    step_product(pass, pass->saved[NORM], s.width, pass_weight(pass, ROUTER), pass->saved[P],
                 s.experts);
    if (!rank_compute_begin(pass->self,
                            elements_work(pass->positions * s.experts, 20 + s.choices, 3)))
        return;
    math_route(&s, pass->rows, pass->saved[P], (int32_t *)pass->saved[PLACES],
               pass->saved[GATES]);
    rank_compute_end(pass->self);
    if (pass->model->trains && !pass->again)
        tally(pass, &s);
}

static void dispatch(const struct pass *pass)
{
    struct routing s = routing_of(pass->part->layer);
    if (!rank_compute_begin(pass->self, passage_work(pass, s.choices, 1)))
        return;
    math_dispatch(&s, pass->rows, pass->saved[NORM], places_of(pass),
                  outgoing(pass, pass->saved[IN]));
    rank_compute_end(pass->self);
}

/* Of dropout: what the choices add is by itself until some of it is dropped. */
static void drop_and_add(const struct pass *pass)
{
    size_t width = pass->part->layer->in;
    step_dropout(pass, width, pass->y, pass->saved[KEPT]);
    if (!rank_compute_begin(pass->self, elements_work(pass->positions * width, 1, 3)))
        return;
    math_add(pass->positions * width, pass->y, pass->x);
    rank_compute_end(pass->self);
}

static void combine(const struct pass *pass)
{
    struct routing s = routing_of(pass->part->layer);
    bool drops = pass_drops(pass);
    if (!rank_compute_begin(pass->self, passage_work(pass, (drops ? 1 : 2) + 2 * s.choices, 0)))
        return;
    math_combine(&s, pass->rows, drops ? NULL : pass->x, pass->saved[OUT], places_of(pass),
                 pass->saved[GATES], pass->y);
    rank_compute_end(pass->self);
    if (drops)
        drop_and_add(pass);
}

static float *gate_gradients(const struct pass *pass)
{
    return view(pass->held[DLOGITS], pass->positions * pass->part->layer->experts);
}

static void combine_back(const struct pass *pass)
{
    struct routing s = routing_of(pass->part->layer);
    const float *dy = step_dropout_back(pass, s.width, pass->saved[KEPT], pass->held[DN]);
    if (!rank_compute_begin(pass->self, passage_work(pass, 1 + 2 * s.choices, 1)))
        return;
    math_combine_backward(&s, pass->rows, dy, pass->saved[OUT], places_of(pass),
                          pass->saved[GATES], outgoing(pass, pass->held[DOUT]),
                          gate_gradients(pass));
    rank_compute_end(pass->self);
}

/* dN is what comes back from the experts and from the router. */
static void route_back(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct routing s = routing_of(layer);
    struct work work = elements_work(pass->positions * s.experts, 10, 3);
    struct work product = product_work(pass->positions, s.width, s.experts);
    work.flops += product.flops;
    work.values += product.values + passage_work(pass, 1 + s.choices, 0).values;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_route_backward(&s, pass->rows, pass->saved[P], places_of(pass), pass->saved[GATES],
                        gate_gradients(pass), (float)layer->balance * pass->model->row_weight,
                        pass->held[DLOGITS]);
    math_dispatch_backward(&s, pass->rows, pass->held[DIN], places_of(pass), pass->held[DN]);
    math_gemm(PLAIN, PLAIN, pass->positions, s.width, s.experts, 1, pass->held[DLOGITS], s.experts,
              pass_weight(pass, ROUTER), s.width, 1, pass->held[DN], s.width);
    rank_compute_end(pass->self);
}

/* ---- The layer. ---- */

static void forward(const struct pass *pass)
{
    step_norm(pass, pass->part->layer->in, pass->x, NORM_GAIN, pass->saved[NORM], pass->saved[MEAN],
              pass->saved[RSTD]);
    route(pass);
    dispatch(pass);
    to_experts(pass, pass->saved[IN]);
    each_expert(pass, expert_forward);
    from_experts(pass, out_of(pass), pass->saved[OUT]);
    combine(pass);
}

static void backward_input(const struct pass *pass)
{
    combine_back(pass);
    to_experts(pass, pass->held[DOUT]);
    each_expert(pass, expert_backward_input);
    from_experts(pass, din_of(pass), pass->held[DIN]);
    route_back(pass);
    step_norm_back(pass, pass->part->layer->in, pass->x, NORM_GAIN, pass->saved[MEAN],
                   pass->saved[RSTD], pass->held[DN], true);
}

static void backward_weight(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    each_expert(pass, expert_backward_weight);
    step_weight_gradient(pass, ROUTER, pass->held[DLOGITS], layer->experts, pass->saved[NORM],
                         layer->in);
}

const struct layer_ops layer_experts = {
    .name = "experts",
    .summary = "X + the best k of several feed-forward layers on its norm: a mixture of experts",
    .needs_rows = true,
    .describe = describe,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
};
