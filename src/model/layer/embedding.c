/* Tokens to vectors: a row of a table for each, plus one for its position (GPT-2's wte and wpe).
 * The table may be lent to the last linear layer (tied embeddings: Press and Wolf 2017), which then
 * begins its gradient. Replicated over tensor ranks. */
#include "../steps.h"
#include "../tensors.h"

#include "threadrack/math/transformer.h"

enum { TABLE, POSITIONS };
static const double usual_deviation = 0.02; /* GPT-2's */

static void describe(const struct layer *layer, struct tensor_list *list)
{
    double deviation = layer->deviation != 0 ? layer->deviation : usual_deviation;
    tensor_add_matrix(list, "wte.weight", layer->vocabulary, layer->out)->deviation = deviation;
    tensor_add_matrix(list, "wpe.weight", layer->positions, layer->out)->deviation = deviation;
}

static uint64_t multiply_adds(const struct layer *layer)
{
    (void)layer;
    return 0;
}

/* A token, its vector and that of its position are read, a vector is written. */
static void forward(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct work work = elements_work(pass->positions * layer->out, 1, 2);
    work.bytes += sizeof(int32_t) * pass->positions + sizeof(float) * layer->positions * layer->out;
    if (!rank_compute_begin(pass->self, work))
        return;
    math_embed(pass->rows, layer->positions, layer->out, (const int32_t *)(const void *)pass->x,
               pass_weight(pass, TABLE), pass_weight(pass, POSITIONS), pass->y);
    rank_compute_end(pass->self);
}

/* Each vector of dY is read twice and added to two rows; the gradients are first set to 0. */
static void backward_weight(const struct pass *pass)
{
    const struct layer *layer = pass->part->layer;
    struct work work = elements_work(pass->positions * layer->out, 2, 6);
    work.bytes += sizeof(int32_t) * pass->positions +
                  (pass->first ? sizeof(float) * pass->part->parameter_count : 0);
    if (!rank_compute_begin(pass->self, work))
        return;
    math_embed_backward(pass->rows, layer->positions, layer->out, layer->vocabulary,
                        (const int32_t *)(const void *)pass->x, pass->dy,
                        pass_gradient(pass, TABLE), !pass->first || pass->part->lends,
                        pass_gradient(pass, POSITIONS), !pass->first);
    pass_update(pass, TABLE);
    pass_update(pass, POSITIONS);
    rank_compute_end(pass->self);
}

const struct layer_ops layer_embedding = {
    .name = "embedding",
    .summary = "a learned vector for each token, plus one for each position",
    .describe = describe,
    .multiply_adds = multiply_adds,
    .forward = forward,
    .backward_weight = backward_weight,
};
