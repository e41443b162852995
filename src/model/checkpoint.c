#include "checkpoint.h"

#include "threadrack/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t describe(struct tensor *tensor, const struct layer *layer, bool bias)
{
    snprintf(tensor->name, sizeof tensor->name, "%d.%s", layer->index, bias ? "bias" : "weight");
    tensor->dimensions = bias ? 1 : 2;
    tensor->shape[0] = layer->out;
    tensor->shape[1] = bias ? 1 : layer->in;
    return tensor->count = tensor->shape[0] * tensor->shape[1];
}

struct checkpoint *checkpoint_create(const struct model_spec *spec)
{
    struct checkpoint *checkpoint = memory_zeroed(1, sizeof *checkpoint);
    size_t total = 0, at = 0;
    checkpoint->spec = spec;
    checkpoint->tensors = memory_zeroed(2 * (size_t)spec->layer_count, sizeof(struct tensor));
    for (int i = 0; i < 2 * spec->layer_count; i++)
        if (spec->layers[i / 2].ops->place)
            total +=
                describe(&checkpoint->tensors[checkpoint->count++], &spec->layers[i / 2], i % 2);
    checkpoint->data = memory_zeroed(total, sizeof(float));
    for (int i = 0; i < checkpoint->count; i++) {
        checkpoint->tensors[i].data = checkpoint->data + at;
        at += checkpoint->tensors[i].count;
    }
    return checkpoint;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    free(checkpoint->tensors);
    free(checkpoint->data);
    free(checkpoint);
}

/* A part's weights are rows and columns of the whole; its bias goes with the rows. */
static void copy(float *whole, float *part, size_t count, bool put)
{
    memcpy(put ? whole : part, put ? part : whole, count * sizeof(float));
}

static void copy_part(const struct checkpoint *checkpoint, const struct model_part *part,
                      bool weights, bool bias, bool put)
{
    const struct tensor *weight = &checkpoint->tensors[2 * part->number];
    for (size_t o = 0; weights && o < part->out.count; o++)
        copy(weight->data + (part->out.begin + o) * weight->shape[1] + part->in.begin,
             part->weight + o * part->in.count, part->in.count, put);
    if (bias)
        copy(weight[1].data + part->out.begin, part->bias, part->out.count, put);
}

void checkpoint_put(struct checkpoint *checkpoint, const struct model *model)
{
    bool leads = model->place.tensor == 0;
    for (int i = 0; i < model->part_count; i++) {
        const struct model_part *part = &model->parts[i];
        if (part->weight)
            copy_part(checkpoint, part, leads || part->cut != CUT_NONE,
                      leads || part->cut == CUT_COLUMNS, true);
    }
}

void checkpoint_get(const struct checkpoint *checkpoint, struct model *model)
{
    for (int i = 0; i < model->part_count; i++)
        if (model->parts[i].weight)
            copy_part(checkpoint, &model->parts[i], true, true, false);
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
    return checkpoint->tensors[i].data;
}

char *tensor_shape_text(const struct tensor *tensor, char *out, size_t room)
{
    if (tensor->dimensions == 1)
        snprintf(out, room, "[%zu]", tensor->shape[0]);
    else
        snprintf(out, room, "[%zu,%zu]", tensor->shape[0], tensor->shape[1]);
    return out;
}
