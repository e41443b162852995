#include "tensors.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/family.h"

#include <stdlib.h>
#include <string.h>

const struct model_ops *const models[] = {
#define MODEL(name) &model_##name,
#include "model.def"
#undef MODEL
    NULL,
};

const struct layer_ops *const layers[] = {
#define LAYER(name) &layer_##name,
#include "layer.def"
#undef LAYER
    NULL,
};

const struct loss_ops *const losses[] = {
#define LOSS(name) &loss_##name,
#include "loss.def"
#undef LOSS
    NULL,
};

struct model_spec *spec_create(int layer_count)
{
    struct model_spec *spec = memory_zeroed(1, sizeof *spec);
    if (layer_count)
        spec->layers = memory_zeroed((size_t)layer_count, sizeof *spec->layers);
    spec->layer_count = layer_count;
    return spec;
}

struct model_spec *spec_of_recipe(struct recipe *recipe)
{
    struct model_spec *spec = spec_create(0);
    spec->recipe = recipe;
    return spec;
}

void spec_finish(struct model_spec *spec)
{
    struct tensor_list list = {0};
    for (int i = 0; i < spec->layer_count; i++) {
        struct layer *layer = &spec->layers[i];
        list.prefix = layer->prefix;
        layer->tensor_at = list.count;
        if (layer->ops->describe)
            layer->ops->describe(layer, &list);
        layer->tensor_count = list.count - layer->tensor_at;
    }
    spec->tensors = list.items;
    spec->tensor_count = list.count;
}

void model_spec_free(struct model_spec *spec)
{
    if (!spec)
        return;
    if (spec->recipe && spec->recipe->release)
        spec->recipe->release(spec->recipe);
    free(spec->recipe);
    free(spec->layers);
    free(spec->tensors);
    free(spec);
}

struct model_spec *model_parse(const char *text, const char *where, struct errors *errors)
{
    const struct model_ops *ops =
        family_find(models, FAMILY_WITH_OPTIONS, "model", "models", text, where, errors);
    return ops ? ops->parse(text, where, errors) : NULL;
}

bool model_routes(const struct model_spec *spec)
{
    for (int i = 0; i < spec->layer_count; i++)
        if (spec->layers[i].ops == &layer_experts)
            return true;
    return false;
}

bool model_fits_experts(const struct model_spec *spec, int experts, struct errors *errors)
{
    if (experts > 1 && !model_routes(spec))
        return errors_add(errors, "the model has no experts to share out (gpt:...,experts=8 has)");
    for (int i = 0; i < spec->layer_count && experts > 1; i++)
        if (spec->layers[i].ops == &layer_experts && spec->layers[i].experts % (size_t)experts)
            return errors_add(errors, "%d ranks cannot share %zu experts out evenly", experts,
                              spec->layers[i].experts);
    return true;
}

size_t model_input_width(const struct model_spec *spec)
{
    return spec->input_width;
}

size_t model_output_width(const struct model_spec *spec)
{
    return spec->output_width;
}

uint64_t model_parameter_count(const struct model_spec *spec)
{
    uint64_t count = 0;
    for (int i = 0; i < spec->tensor_count; i++)
        count += spec->tensors[i].count;
    return count;
}

/* Each multiply-add is two operations and is done forward, for the weight gradient, and, but in the
 * first layer, for the input gradient. */
uint64_t model_flops_per_sample(const struct model_spec *spec)
{
    uint64_t flops = 0;
    for (int i = 0; i < spec->layer_count; i++)
        flops += spec->layers[i].ops->multiply_adds(&spec->layers[i]) * (i ? 6 : 4);
    return flops;
}
