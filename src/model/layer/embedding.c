/* Tokens to vectors: a row of a table for each, plus one for its position (GPT-2's wte and wpe).
 * The table may be lent to the last linear layer (tied embeddings: Press and Wolf 2017), which then
 * begins its gradient.
 *
 * Over tensor ranks by tokens (Shoeybi et al. 2019, section 3): a rank has the rows of the table of its
 * share, and gives 0 for other tokens; the first adds the positions, which all hold. Y is the sum. Over
 * context ranks all hold both tables: a rank's gradient of positions that are not in its slice is 0. */
#include "../steps.h"
#include "../tensors.h"

#include "threadrack/math/transformer.h"

#include <string.h>

enum { TABLE, POSITIONS };
enum { KEPT }; /* saved, with dropout of Y: which stay, in bytes */
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
    return part->positions;
}

static void needs(const struct model_part *part, bool trains, struct layer_needs *needs)
{
    if (part_drops(part, trains)) {
        needs->saved[KEPT] = floats_of_bytes(part_own_positions(part) * part->layer->out);
        needs->full[KEPT] = true;
    }
    needs->held[ROOM] = part->sequence ? part->positions * part->layer->out : 0;
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

/* Positions of rows that lie side by side here as in the table: all rows' at once, unless a slice has two
 * runs of them; then one row's, so many times. */
struct stretch {
    size_t rows, at; /* the first of them in the pass */
    struct share run;
};

static size_t count_stretches(const struct pass *pass)
{
    struct slice slice = part_slice(pass->part, pass->part->context);
    return slice.count > 1 ? (size_t)slice.count * pass->rows : 1;
}

static struct stretch stretch_of(const struct pass *pass, size_t i)
{
    struct slice slice = part_slice(pass->part, pass->part->context);
    struct share run = slice.runs[i % (size_t)slice.count];
    return (struct stretch){slice.count > 1 ? 1 : pass->rows, i * run.count, run};
}

/* Where the rows of wpe, or of its gradient, begin. */
static float *positions_from(const struct stretch *stretch, const struct pass *pass, float *table)
{
    return view(table, stretch->run.begin * pass->part->layer->out);
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
        for (size_t i = 0; i < count_stretches(pass); i++) {
            struct stretch s = stretch_of(pass, i);
            math_embed_share(s.rows, s.run.count, layer->out, tokens_of(pass) + s.at, held.begin,
                             held.count, pass_weight(pass, TABLE),
                             first ? positions_from(&s, pass, pass_weight(pass, POSITIONS)) : NULL,
                             sum + s.at * layer->out);
        }
        rank_compute_end(pass->self);
    }
    pass_scatter_forward(pass, sum, layer->out);
}

/* A token, its vector and that of its position are read, a vector is written. */
static void embed(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct work work = elements_work(pass->positions * layer->out, 1, 2);
    work.bytes += sizeof(int32_t) * pass->positions;
    work.values += pass->part->positions * layer->out;
    if (pass->part->cut == CUT_WITHIN) {
        forward_share(pass);
        return;
    }
    if (!rank_compute_begin(pass->self, work))
        return;
    for (size_t i = 0; i < count_stretches(pass); i++) {
        struct stretch s = stretch_of(pass, i);
        math_embed(s.rows, s.run.count, layer->out, tokens_of(pass) + s.at, pass_weight(pass, TABLE),
                   positions_from(&s, pass, pass_weight(pass, POSITIONS)), pass->y + s.at * layer->out);
    }
    rank_compute_end(pass->self);
}

static void forward(const struct pass *pass)
{
    embed(pass);
    step_dropout(pass, pass->part->layer->out, pass->y, pass->saved[KEPT]);
}

static void add_position_gradients(const struct pass *pass, const float *dy)
{
    const struct layer *layer = pass->part->layer;
    float *gradient = pass_gradient(pass, POSITIONS);
    if (pass->first)
        memset(gradient, 0, pass_tensor(pass, POSITIONS)->count * sizeof *gradient);
    for (size_t i = 0; i < count_stretches(pass); i++) {
        struct stretch s = stretch_of(pass, i);
        math_embed_backward(s.rows, s.run.count, layer->out, layer->vocabulary, tokens_of(pass) + s.at,
                            dy + s.at * layer->out, NULL, false, positions_from(&s, pass, gradient), true);
    }
}

static void add_gradients(const struct pass *pass, const float *dy)
{
    const struct layer *layer = pass->part->layer;
    const int32_t *tokens = tokens_of(pass);
    struct share held = pass_tensor(pass, TABLE)->rows;
    bool cut = pass->part->cut == CUT_WITHIN, add_table = !pass->first || pass->part->lends;
    add_position_gradients(pass, dy);
    if (!cut)
        math_embed_backward(pass->rows, pass->part->positions, layer->out, layer->vocabulary, tokens, dy,
                            pass_gradient(pass, TABLE), add_table, NULL, true);
    else
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
    step_dropout_back(pass, layer->out, pass->saved[KEPT], pass->dy);
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
