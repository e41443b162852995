/* Layers over tensor ranks: within a stage, linear layers pair up from the first; the first of a
 * pair is cut by columns, the second by rows, so that what passes between them needs no
 * communication (Shoeybi et al. 2019, section 3). */
#include "../inside.h"

#include <limits.h>

enum cut split_pairs(const struct model_spec *spec, struct share stage, int number, int tensors)
{
    size_t within = (size_t)number - stage.begin, partner = within ^ 1;
    if (tensors == 1 || partner >= stage.count || !spec->layers[number].ops->place)
        return CUT_NONE;
    return within % 2 ? CUT_ROWS : CUT_COLUMNS;
}

/* The narrowest width inside a pair: the most ranks that can share it. */
static size_t narrowest_pair(const struct model_spec *spec, int stages, int tensors)
{
    size_t least = INT_MAX;
    for (int stage = 0; stage < stages; stage++) {
        struct share held = split_stages(spec, stages, tensors, stage);
        for (size_t i = held.begin; i + 1 < held.begin + held.count; i += 2)
            if (spec->layers[i].ops->place && spec->layers[i].out < least)
                least = spec->layers[i].out;
    }
    return least;
}

int model_most_stages(const struct model_spec *spec)
{
    return spec->layer_count;
}

int model_most_tensors(const struct model_spec *spec)
{
    return (int)narrowest_pair(spec, 1, 2);
}

bool model_fits(const struct model_spec *spec, int stages, int tensors, struct errors *errors)
{
    if (stages > spec->layer_count)
        return errors_add(
            errors,
            "%d pipeline stages are more than the model's %d layers; the largest that "
            "fits is %d",
            stages, spec->layer_count, spec->layer_count);
    size_t most = tensors > 1 ? narrowest_pair(spec, stages, tensors) : INT_MAX;
    if ((size_t)tensors > most)
        return errors_add(errors,
                          "%d tensor ranks are more than the %zu columns of the model's narrowest "
                          "pair; the largest that fits is %zu",
                          tensors, most, most);
    return true;
}
