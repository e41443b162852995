/* Tokens to vectors: a row of a table for each, plus one for its position (GPT-2's wte and wpe).
 * The table may be lent to the last linear layer (tied embeddings: Press and Wolf 2017), which then
 * begins its gradient.
 *
 * Over tensor ranks by tokens (Shoeybi et al. 2019, section 3): a rank has the rows of the table of its
 * share, and gives 0 for other tokens; the first adds the positions, which all hold. Y is the sum. */
#include "../steps.h"
#include "../tensors.h"

#include "threadrack/math/transformer.h"

enum { TABLE, POSITIONS };
enum { ROOM }; /* held: all positions, where they are shared */
static const double usual_deviation = 0.02; /* GPT-2's */

static void describe(const struct layer *layer, struct tensor_list *list)
{
    double deviation = layer->deviation != 0 ? layer->deviation : usual_deviation;
    struct tensor *table = tensor_add_matrix(list, "wte.weight", layer->vocabulary, layer->out);
    table->deviation = deviation;
    table->cuts[CUT_WITHIN] = TENSOR_ROWS;
    tensor_add_matrix(list, "wpe.weight", layer->positions, layer->out)->deviation = deviation;
}

static size_t most_tensors(const struct layer *layer)
{
    return layer->vocabulary;
}

static size_t width_in(const struct model_part *part)
{
    return part->layer->positions;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    (void)trains;
    needs->held[ROOM] = part->sequence ? part->layer->positions * part->layer->out : 0;
}

static uint64_t multiply_adds(const struct layer *layer)
{
    (void)layer;
    return 0;
}

/* Of what is done for each token, a tensor rank does on average this. */
static uint64_t work_share(uint64_t whole, const struct model_part *part)
{
    return part->cut == CUT_WITHIN ? (whole + (uint64_t)part->tensors - 1) / (uint64_t)part->tensors
                                   : whole;
}

static const int32_t *tokens_of(const struct pass *pass)
{
    return (const int32_t *)(const void *)pass->x;
}

/* A token and its vector are read, which one of `tensors` has, and, by the first, its position's; a
 * vector is written. */
static void forward_share(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct share held = pass_tensor(pass, TABLE)->rows;
    bool first = pass->part->tensor == 0;
    float *sum = pass_partial(pass, pass->held[ROOM]);
    struct work work = elements_work(pass->positions * layer->out, first, first ? 2 : 1);
    work.bytes += sizeof(int32_t) * pass->positions;
    work.values += work_share(pass->positions * layer->out, pass->part);
    if (rank_compute_begin(pass->self, work)) {
        math_embed_share(pass->rows, layer->positions, layer->out, tokens_of(pass), held.begin,
                         held.count, pass_weight(pass, TABLE),
                         first ? pass_weight(pass, POSITIONS) : NULL, sum);
        rank_compute_end(pass->self);
    }
    pass_scatter_forward(pass, sum, layer->out);
}

/* A token, its vector and that of its position are read, a vector is written. */
static void forward(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct work work = elements_work(pass->positions * layer->out, 1, 2);
    work.bytes += sizeof(int32_t) * pass->positions;
    work.values += layer->positions * layer->out;
    if (pass->part->cut == CUT_WITHIN) {
        forward_share(pass);
        return;
    }
    if (!rank_compute_begin(pass->self, work))
        return;
    math_embed(pass->rows, layer->positions, layer->out, tokens_of(pass),
               pass_weight(pass, TABLE), pass_weight(pass, POSITIONS), pass->y);
    rank_compute_end(pass->self);
}

static void add_gradients(const struct pass *pass, const float *dy)
{
    const struct layer *layer = pass->part->layer;
    const int32_t *tokens = tokens_of(pass);
    struct share held = pass_tensor(pass, TABLE)->rows;
    bool cut = pass->part->cut == CUT_WITHIN, add_table = !pass->first || pass->part->lends;
    math_embed_backward(pass->rows, layer->positions, layer->out, layer->vocabulary, tokens,
                        dy, cut ? NULL : pass_gradient(pass, TABLE), add_table,
                        pass_gradient(pass, POSITIONS), !pass->first);
    if (cut)
        math_embed_share_backward(pass->positions, layer->out, tokens, held.begin, held.count,
                                  dy, pass_gradient(pass, TABLE), add_table);
}

/* Each vector of dY is read twice and added to two rows, of which the tensor ranks share the table's;
 * the gradients are first set to 0. */
static void backward_weight(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    uint64_t count = pass->positions * layer->out;
    struct work work = elements_work(count, 1, 1);
    work.flops += work_share(count, pass->part);
    work.values += work_share(count, pass->part);
    work.gradients = 2 * count + work_share(2 * count, pass->part) +
                     (pass->first ? pass->part->parameter_count : 0);
    work.bytes += sizeof(int32_t) * pass->positions;
    const float *dy = pass_gather(pass, pass->dy, pass->held[ROOM], layer->out);
    if (!rank_compute_begin(pass->self, work))
        return;
    add_gradients(pass, dy);
    pass_update(pass, TABLE);
    pass_update(pass, POSITIONS);
    rank_compute_end(pass->self);
}

const struct layer_ops layer_embedding = {
    .name = "embedding",
    .summary = "a learned vector for each token, plus one for each position",
    .describe = describe,
    .most_tensors = most_tensors,
    .shares_positions = true,
    .in = width_in,
    .needs = needs,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_weight = backward_weight,
};
