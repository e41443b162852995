#include "tensors.h"

#include "threadrack/base/memory.h"

#include <stdio.h>

struct tensor *tensor_add(struct tensor_list *list, const char *name, int dimensions,
                          const size_t *shape)
{
    struct tensor *tensor = vector_push(&list->items, &list->count, &list->room);
    int length = snprintf(tensor->name, sizeof tensor->name, "%s.%s", list->prefix, name);
    if (length >= (int)sizeof tensor->name)
        BUG("the tensor name %s.%s is too long", list->prefix, name);
    tensor->dimensions = dimensions;
    tensor->count = tensor->grain = 1;
    for (int i = 0; i < TENSOR_DIMENSIONS; i++) {
        tensor->shape[i] = i < dimensions ? shape[i] : 1;
        tensor->count *= tensor->shape[i];
    }
    return tensor;
}

struct tensor *tensor_add_matrix(struct tensor_list *list, const char *name, size_t rows,
                                 size_t columns)
{
    return tensor_add(list, name, 2, (const size_t[]){rows, columns});
}

struct tensor *tensor_add_vector(struct tensor_list *list, const char *name, size_t count)
{
    return tensor_add(list, name, 1, &count);
}

void tensor_add_norm(struct tensor_list *list, const char *name, size_t width)
{
    char gain[32], bias[32];
    snprintf(gain, sizeof gain, "%sweight", name);
    snprintf(bias, sizeof bias, "%sbias", name);
    struct tensor *tensor = tensor_add_vector(list, gain, width);
    tensor->mean = 1;
    tensor->of_positions = true;
    tensor_add_vector(list, bias, width)->of_positions = true;
}

/* A share of n in whole grains. */
static struct share grained(size_t n, size_t grain, size_t tensors, size_t tensor)
{
    struct share share = share_of(n / grain, tensors, tensor);
    return (struct share){share.begin * grain, share.count * grain};
}

struct model_tensor tensor_part(const struct tensor *whole, enum cut cut, struct model_place place)
{
    size_t tensors = (size_t)place.tensors, tensor = (size_t)place.tensor;
    size_t rows = whole->shape[0], columns = whole->count / rows;
    struct model_tensor part = {.whole = whole,
                                .cut = whole->cuts[cut],
                                .blocks = 1,
                                .rows = {0, rows},
                                .columns = {0, columns}};
    part.replicated = part.cut == TENSOR_WHOLE && tensors > 1;
    if (part.cut == TENSOR_HEADS)
        part.blocks = 3;
    if (part.cut == TENSOR_HEADS || part.cut == TENSOR_ROWS)
        part.rows = grained(rows / part.blocks, whole->grain, tensors, tensor);
    else if (part.cut == TENSOR_COLUMNS)
        part.columns = grained(columns, whole->grain, tensors, tensor);
    if (whole->of_experts && place.experts > 1)
        part.rows = share_of(rows, (size_t)place.experts, (size_t)place.expert);
    part.count = part.blocks * part.rows.count * part.columns.count;
    return part;
}

/* Whole rows that follow each other are one run. */
void tensor_runs(const struct model_tensor *part, void *context,
                 void (*visit)(void *context, size_t in_part, size_t in_whole, size_t count))
{
    size_t width = part->whole->count / part->whole->shape[0], at = 0;
    size_t block = part->whole->shape[0] / part->blocks;
    bool dense = part->columns.count == width;
    size_t runs = dense ? 1 : part->rows.count;
    size_t count = dense ? part->rows.count * width : part->columns.count;
    for (size_t b = 0; b < part->blocks; b++)
        for (size_t run = 0; run < runs; run++, at += count) {
            size_t row = b * block + part->rows.begin + run;
            visit(context, at, row * width + part->columns.begin, count);
        }
}

struct held_runs {
    size_t at; /* of the tensor */
    struct holding holding;
    void *context;
    void (*visit)(void *context, size_t in_flat, size_t in_whole, size_t count);
};

static void visit_held(void *context, size_t in_part, size_t in_whole, size_t count)
{
    const struct held_runs *runs = context;
    size_t begin = runs->at + in_part, end = begin + count, flat = 0;
    for (int i = 0; i < runs->holding.count; i++) {
        struct share share = runs->holding.shares[i];
        size_t from = begin > share.begin ? begin : share.begin;
        size_t to = end < share.begin + share.count ? end : share.begin + share.count;
        if (from < to)
            runs->visit(runs->context, flat + (from - share.begin), in_whole + (from - begin),
                        to - from);
        flat += share.count;
    }
}

void tensor_held_runs(const struct model_tensor *part, const struct model *model, struct holding holding,
                      void *context,
                      void (*visit)(void *context, size_t in_flat, size_t in_whole, size_t count))
{
    struct share all = {0, model->parameter_count};
    struct held_runs runs = {part->at, holding.count ? holding : (struct holding){&all, 1}, context,
                             visit};
    tensor_runs(part, &runs, visit_held);
}

char *tensor_shape_text(const struct tensor *tensor, char *out, size_t room)
{
    size_t at = 0;
    for (int i = 0; i < tensor->dimensions && at < room; i++)
        at += (size_t)snprintf(out + at, room - at, "%c%zu", i ? ',' : '[', tensor->shape[i]);
    if (at < room)
        snprintf(out + at, room - at, "]");
    return out;
}
