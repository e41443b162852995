/* A model meets its data: layers that depend on them are made, and the two must agree. */
#include "tensors.h"

#include <string.h>

static bool kinds_agree(const struct model_spec *spec, const struct model_data *data,
                         const char *where, struct errors *errors)
{
    if (spec->vocabulary && !data->vocabulary)
        return errors_add(errors, "%s: the model takes tokens, but data set %s has real values "
                                  "(data=devils-dictionary has tokens)",
                          where, data->name);
    if (!spec->vocabulary && data->vocabulary)
        return errors_add(errors, "%s: the model takes real values, but data set %s has tokens",
                          where, data->name);
    return true;
}

static bool inputs_agree(const struct model_spec *spec, const struct model_data *data,
                         const char *where, struct errors *errors)
{
    if (spec->vocabulary < data->vocabulary)
        return errors_add(errors,
                          "%s: the model knows %zu tokens, but data set %s has a vocabulary of %zu: give the "
                          "model that many (gpt:vocabulary=%zu)",
                          where, spec->vocabulary, data->name, data->vocabulary, data->vocabulary);
    if (spec->input_width != data->width)
        return errors_add(errors, "%s: the model takes %zu inputs, but data set %s has %zu %s a row",
                          where, spec->input_width, data->name, data->width,
                          data->vocabulary ? "tokens" : "features");
    return true;
}

static bool targets_agree(const struct model_spec *spec, const struct model_data *data,
                          const char *where, struct errors *errors)
{
    const struct loss_shape *shape = &spec->loss_shape;
    size_t outputs = shape->positions * shape->width;
    if (!data->classes && !spec->loss->takes_values)
        return errors_add(
            errors, "%s: the model tells classes, but the targets of data set %s are real values",
            where, data->name);
    if (!data->classes && outputs != data->target_width)
        return errors_add(errors, "%s: the model has %zu outputs, but data set %s has %zu targets",
                          where, outputs, data->name, data->target_width);
    if (data->classes && shape->positions != data->target_width)
        return errors_add(errors,
                          "%s: the model has %zu outputs of classes a row, but data set %s has %zu "
                          "targets a row",
                          where, shape->positions, data->name, data->target_width);
    if (shape->width < data->classes)
        return errors_add(errors, "%s: the model has %zu outputs, but data set %s has %zu classes",
                          where, shape->width, data->name, data->classes);
    return true;
}

bool model_bind(struct model_spec *spec, const struct model_data *data, const char *where,
                struct errors *errors)
{
    static const struct model_data unknown = {.name = "none"};
    if (spec->recipe && !spec->layer_count &&
        !spec->recipe->build(spec->recipe, spec, data ? data : &unknown, where, errors))
        return false;
    if (!data || !spec->loss)
        return true;
    spec->loss_shape.values = !data->classes;
    if (!kinds_agree(spec, data, where, errors))
        return false;
    bool inputs = inputs_agree(spec, data, where, errors);
    if (spec->vocabulary < data->vocabulary) /* its targets are the same tokens */
        return false;
    return targets_agree(spec, data, where, errors) && inputs;
}

bool model_is_bound(const struct model_spec *spec)
{
    return spec->layer_count > 0;
}

bool model_takes_data(const struct model_spec *spec)
{
    return !model_is_bound(spec) || spec->loss;
}

size_t model_context(const struct model_spec *spec)
{
    return spec->recipe ? spec->recipe->context : spec->vocabulary ? spec->input_width : 0;
}

void model_set_slices(struct model_spec *spec, enum slices kind)
{
    spec->slices = kind;
}

struct slice model_slice(const struct model_spec *spec, int contexts, int i)
{
    size_t positions = spec->vocabulary ? spec->input_width : 1;
    return slice_of(positions, spec->slices, (size_t)contexts, (size_t)i);
}

size_t model_target_width(const struct model_spec *spec)
{
    const struct loss_shape *shape = &spec->loss_shape;
    return !spec->loss ? 1 : shape->values ? shape->positions * shape->width : shape->positions;
}

size_t model_classes(const struct model_spec *spec)
{
    return model_tells_classes(spec) ? spec->loss_shape.width : 0;
}

bool model_tells_classes(const struct model_spec *spec)
{
    return spec->loss && !spec->loss_shape.values;
}
