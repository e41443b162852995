/* Layers over tensor ranks. Some share themselves out within (attention by heads, feed-forward by
 * hidden units). Of the others, linear layers pair up with the next within a stage, from the first;
 * the first of a pair is cut by columns, the second by rows, so that what passes between them needs
 * no communication (Shoeybi et al. 2019, section 3). The last layer of a model of tokens, which gives a
 * logit for each of them, is cut by columns, and the loss adds up what the ranks know. */
#include "../inside.h"

#include "threadrack/base/memory.h"

#include <limits.h>
#include <stdlib.h>

static bool can_pair(const struct layer *layer)
{
    return layer->ops->pairs && !layer->borrows;
}

bool split_pairs_up(const struct model_spec *spec, int number)
{
    return number + 1 < spec->layer_count && can_pair(&spec->layers[number]) &&
           can_pair(&spec->layers[number + 1]);
}

static bool gives_shares_to_loss(const struct model_spec *spec, int number)
{
    return number == spec->layer_count - 1 && spec->vocabulary && spec->layers[number].ops->pairs &&
           spec->loss && spec->loss->of_parts;
}

void split_cuts(const struct model_spec *spec, struct share stage, int tensors, enum cut *cuts)
{
    for (size_t i = 0; i < stage.count; i++) {
        int number = (int)(stage.begin + i);
        cuts[i] = CUT_NONE;
        if (tensors == 1)
            continue;
        if (spec->layers[number].ops->most_tensors) {
            cuts[i] = CUT_WITHIN;
        } else if (i + 1 < stage.count && split_pairs_up(spec, number)) {
            cuts[i++] = CUT_COLUMNS;
            cuts[i] = CUT_ROWS;
        } else if (gives_shares_to_loss(spec, number)) {
            cuts[i] = CUT_COLUMNS;
        }
    }
}

/* The most ranks that can share what is cut in a stage; INT_MAX where nothing is. */
static size_t narrowest_of(const struct model_spec *spec, struct share stage)
{
    enum cut *cuts = memory_zeroed(stage.count, sizeof *cuts);
    size_t least = INT_MAX;
    split_cuts(spec, stage, 2, cuts);
    for (size_t i = 0; i < stage.count; i++) {
        const struct layer *layer = &spec->layers[stage.begin + i];
        size_t most = cuts[i] == CUT_COLUMNS  ? layer->out
                      : cuts[i] == CUT_WITHIN ? layer->ops->most_tensors(layer)
                                              : INT_MAX;
        least = most < least ? most : least;
    }
    free(cuts);
    return least;
}

static size_t narrowest(const struct model_spec *spec, int stages, int tensors)
{
    size_t least = INT_MAX;
    for (int stage = 0; stage < stages; stage++) {
        size_t most = narrowest_of(spec, split_stages(spec, stages, tensors, stage));
        least = most < least ? most : least;
    }
    return least;
}

size_t split_most_tensors(const struct model_spec *spec, int stages, const int *depths)
{
    size_t least = INT_MAX, begin = 0;
    for (int stage = 0; stage < stages; begin += (size_t)depths[stage++]) {
        size_t most = narrowest_of(spec, (struct share){begin, (size_t)depths[stage]});
        least = most < least ? most : least;
    }
    return least;
}

bool model_shares_outputs(const struct model_spec *spec)
{
    return gives_shares_to_loss(spec, spec->layer_count - 1);
}

bool model_fits_sequence(const struct model_spec *spec, int tensors, int contexts, struct errors *errors)
{
    for (int i = 0; i < spec->layer_count; i++) {
        const struct layer *layer = &spec->layers[i];
        bool shares = layer->ops->shares_positions &&
                      (!layer->ops->pairs || gives_shares_to_loss(spec, i));
        if (!shares)
            return errors_add(errors, "layer %d (%s) of the model does not share positions: sequence "
                                      "parallelism is for an embedding, attention, feed-forward, norms "
                                      "and one linear layer at the end",
                              i, layer->ops->name);
        if (layer->positions / (size_t)contexts % (size_t)tensors)
            return errors_add(errors, "%d tensor ranks do not divide the %zu positions of a row%s", tensors,
                              layer->positions / (size_t)contexts,
                              contexts > 1 ? " that a context rank has" : "");
    }
    return true;
}

bool model_fits_context(const struct model_spec *spec, int contexts, struct errors *errors)
{
    size_t runs = slices_runs(spec->slices, (size_t)contexts);
    if (contexts > 1 && !spec->vocabulary)
        return errors_add(errors, "context ranks share the positions of a sequence, and the model takes no "
                                  "tokens");
    for (int i = 0; i < spec->layer_count && contexts > 1; i++) {
        const struct layer *layer = &spec->layers[i];
        if (layer->ops->needs_rows)
            return errors_add(errors, "layer %d (%s) of the model looks at a row as a whole, which context "
                                      "ranks share",
                              i, layer->ops->name);
        if (layer->positions % runs)
            return errors_add(errors, "%d context ranks cut a row into %zu runs%s, which do not divide its %zu "
                                      "positions",
                              contexts, runs, runs > (size_t)contexts ? " (context.slices=zigzag)" : "",
                              layer->positions);
    }
    return true;
}

/* A null model has nothing to share, and takes its time on every rank. */
int model_most_tensors(const struct model_spec *spec)
{
    size_t most = narrowest(spec, 1, 2);
    return most == INT_MAX && spec->tensor_count ? 1 : (int)most;
}

bool model_fits(const struct model_spec *spec, int stages, int tensors, struct errors *errors)
{
    int deepest = model_most_stages(spec);
    if (stages > deepest)
        return errors_add(errors,
                          "%d pipeline stages are more than the model's %d layers (or blocks); the "
                          "largest that fits is %d",
                          stages, deepest, deepest);
    if (tensors > 1 && model_most_tensors(spec) == 1)
        return errors_add(errors, "tensor ranks have nothing to share: the model has no two linear "
                                  "layers in a row, no attention and no feed-forward; the largest "
                                  "that fits is 1");
    size_t most = tensors > 1 ? narrowest(spec, stages, tensors) : INT_MAX;
    if ((size_t)tensors > most)
        return errors_add(errors,
                          "%d tensor ranks are more than the %zu columns, heads or hidden units "
                          "of the model's narrowest layer; the largest that fits is %zu",
                          tensors, most, most);
    return true;
}
