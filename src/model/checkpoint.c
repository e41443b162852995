#include "checkpoint.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct checkpoint *checkpoint_create(const struct model_spec *spec)
{
    struct checkpoint *checkpoint = memory_zeroed(1, sizeof *checkpoint);
    size_t total = 0, at = 0;
    checkpoint->spec = spec;
    checkpoint->count = spec->tensor_count;
    checkpoint->tensors =
        memory_zeroed((size_t)checkpoint->count + 1, sizeof *checkpoint->tensors);
    for (int i = 0; i < checkpoint->count; i++)
        checkpoint->tensors[i] = spec->tensors[i];
    for (int i = 0; i < checkpoint->count; i++)
        total += checkpoint->tensors[i].count;
    checkpoint->data = memory_zeroed(total, sizeof(float));
    checkpoint->values = memory_zeroed((size_t)checkpoint->count + 1, sizeof(float *));
    for (int i = 0; i < checkpoint->count; i++) {
        checkpoint->values[i] = checkpoint->data + at;
        at += checkpoint->tensors[i].count;
    }
    return checkpoint;
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
    float *whole, *part;
    bool put;
};

static void copy_run(void *context, size_t in_part, size_t in_whole, size_t count)
{
    const struct copying *copying = context;
    float *whole = copying->whole + in_whole, *part = copying->part + in_part;
    memcpy(copying->put ? whole : part, copying->put ? part : whole, count * sizeof(float));
}

static void copy_tensor(const struct checkpoint *checkpoint, const struct model *model,
                        const struct model_tensor *tensor, bool put)
{
    struct copying copying = {checkpoint->values[tensor->whole - model->spec->tensors],
                              model->parameters + tensor->at, put};
    tensor_runs(tensor, &copying, copy_run);
}

void checkpoint_put(struct checkpoint *checkpoint, const struct model *model)
{
    for (int i = 0; i < model->tensor_count; i++)
        if (model->place.tensor == 0 || !model->tensors[i].replicated)
            copy_tensor(checkpoint, model, &model->tensors[i], true);
}

void checkpoint_get(const struct checkpoint *checkpoint, struct model *model)
{
    for (int i = 0; i < model->tensor_count; i++)
        copy_tensor(checkpoint, model, &model->tensors[i], false);
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
