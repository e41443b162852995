#include "checkpoint.h"
#include "optimizer.h"

#include "threadrack/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct checkpoint *create(const struct model_spec *spec,
                                 const struct optimizer_spec *optimizer)
{
    struct checkpoint *checkpoint = memory_zeroed(1, sizeof *checkpoint);
    size_t count = (size_t)spec->tensor_count, total = 0, at = 0;
    *checkpoint = (struct checkpoint){.spec = spec,
                                      .optimizer = optimizer,
                                      .count = spec->tensor_count,
                                      .sets = optimizer ? 1 + optimizer_state_count(optimizer) : 1};
    if (model_is_tied(spec))
        snprintf(checkpoint->twin, sizeof checkpoint->twin, "%s.weight",
                 spec->layers[spec->layer_count - 1].prefix);
    size_t sets = (size_t)checkpoint->sets;
    checkpoint->tensors = memory_zeroed(count + 1, sizeof *checkpoint->tensors);
    for (size_t i = 0; i < count; i++)
        total += (checkpoint->tensors[i] = spec->tensors[i]).count;
    checkpoint->data = memory_zeroed(sets * total, sizeof(float));
    checkpoint->values = memory_zeroed(sets * count + 1, sizeof(float *));
    for (size_t i = 0; i < sets * count; at += checkpoint->tensors[i++ % count].count)
        checkpoint->values[i] = checkpoint->data + at;
    return checkpoint;
}

struct checkpoint *checkpoint_create(const struct model_spec *spec)
{
    return create(spec, NULL);
}

struct checkpoint *checkpoint_create_state(const struct model_spec *spec,
                                           const struct optimizer_spec *optimizer)
{
    return create(spec, optimizer);
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    free(checkpoint->tensors);
    free(checkpoint->values);
    free(checkpoint->data);
    free(checkpoint);
}

struct copying {
    float *whole, *flat;
    bool put;
};

static void copy_run(void *context, size_t in_flat, size_t in_whole, size_t count)
{
    const struct copying *copying = context;
    float *whole = copying->whole + in_whole, *flat = copying->flat + in_flat;
    memcpy(copying->put ? whole : flat, copying->put ? flat : whole, count * sizeof(float));
}

/* Of every tensor that the rank holds, between a set and a buffer of what it holds of them. Of
 * what several ranks hold, the first puts it. */
static void copy_set(const struct checkpoint *checkpoint, int set, const struct model *model,
                     struct holding holding, float *flat, bool put)
{
    float **values = checkpoint->values + (size_t)set * (size_t)checkpoint->count;
    for (int i = 0; i < model->tensor_count; i++) {
        const struct model_tensor *tensor = &model->tensors[i];
        struct copying copying = {values[tensor->whole - model->spec->tensors], flat, put};
        if (!put || model_holds_first(model, tensor))
            tensor_held_runs(tensor, model, holding, &copying, copy_run);
    }
}

static void copy_state(const struct checkpoint *checkpoint, int set, const struct model *model,
                       const struct optimizer *optimizer, bool put)
{
    copy_set(checkpoint, set, model, (struct holding){optimizer->shares, optimizer->share_count},
             optimizer->state[set - 1], put);
}

void checkpoint_put(struct checkpoint *checkpoint, const struct model *model)
{
    copy_set(checkpoint, 0, model, model->holding, model->parameters, true);
}

void checkpoint_put_range(struct checkpoint *checkpoint, struct share range, const float *values)
{
    size_t at = 0, end = range.begin + range.count;
    for (int i = 0; i < checkpoint->count; i++) {
        size_t count = checkpoint->tensors[i].count;
        size_t from = at > range.begin ? at : range.begin, to = at + count < end ? at + count : end;
        if (from < to)
            memcpy(checkpoint->values[i] + (from - at), values + (from - range.begin),
                   (to - from) * sizeof *values);
        at += count;
    }
}

void checkpoint_clear(struct checkpoint *checkpoint)
{
    for (int i = 0; i < checkpoint->count; i++)
        memset(checkpoint->values[i], 0, checkpoint->tensors[i].count * sizeof(float));
}

struct adding {
    float *whole;
    const float *part;
    float factor;
};

static void add_run(void *context, size_t in_part, size_t in_whole, size_t count)
{
    const struct adding *adding = context;
    for (size_t i = 0; i < count; i++)
        adding->whole[in_whole + i] += adding->factor * adding->part[in_part + i];
}

void checkpoint_add(struct checkpoint *checkpoint, const struct model *model, float factor)
{
    for (int i = 0; i < model->tensor_count; i++) {
        const struct model_tensor *tensor = &model->tensors[i];
        struct adding adding = {checkpoint->values[tensor->whole - model->spec->tensors],
                                model->parameters + tensor->at, factor};
        if (model_holds_first(model, tensor))
            tensor_runs(tensor, &adding, add_run);
    }
}

void checkpoint_get(const struct checkpoint *checkpoint, struct model *model)
{
    copy_set(checkpoint, 0, model, model->holding, model->parameters, false);
}

void checkpoint_put_state(struct checkpoint *checkpoint, const struct model *model,
                          const struct optimizer *optimizer)
{
    for (int set = 1; set < checkpoint->sets; set++)
        copy_state(checkpoint, set, model, optimizer, true);
}

void checkpoint_get_state(const struct checkpoint *checkpoint, const struct model *model,
                          struct optimizer *optimizer)
{
    for (int set = 1; set < checkpoint->sets; set++)
        copy_state(checkpoint, set, model, optimizer, false);
    optimizer->taken = checkpoint->progress.step;
}

struct progress *checkpoint_progress(struct checkpoint *checkpoint)
{
    return &checkpoint->progress;
}

const char *checkpoint_label(const struct checkpoint *checkpoint, int set, int i,
                             char out[LABEL_ROOM])
{
    if (set == 0)
        return checkpoint->tensors[i].name;
    snprintf(out, LABEL_ROOM, "optimizer.%s.%s", optimizer_state_name(checkpoint->optimizer, set - 1),
             checkpoint->tensors[i].name);
    return out;
}

/* Without `ending`, where it has it. */
static int stem_length(const char *path, const char *ending)
{
    size_t length = strlen(path), less = strlen(ending);
    bool has = length > less && !strcmp(path + length - less, ending);
    return (int)(has ? length - less : length);
}

char *checkpoint_state_path(const char *path)
{
    int stem = stem_length(path, ".state.safetensors");
    if (!path[stem])
        stem = stem_length(path, ".safetensors");
    return memory_text("%.*s.state.safetensors", stem, path);
}

int checkpoint_tensor_count(const struct checkpoint *checkpoint)
{
    return checkpoint->count;
}

const float *checkpoint_tensor(const struct checkpoint *checkpoint, int i, const char **name,
                               size_t *count)
{
    *name = checkpoint->tensors[i].name;
    *count = checkpoint->tensors[i].count;
    return checkpoint->values[i];
}
