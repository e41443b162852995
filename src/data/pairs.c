#include "pairs.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct pairs *pairs_create(const struct data_words *words, const struct dataset_request *request,
                           struct errors *errors)
{
    struct pairs *pairs = memory_zeroed(1, sizeof *pairs);
    pairs->scale = 1;
    pairs->shuffled = request->shuffled;
    while (pairs->file_count < words->path_count) {
        int i = pairs->file_count++;
        if (data_file_open(&pairs->files[i], words->paths[i], request->where, errors))
            continue;
        pairs_free(pairs);
        return NULL;
    }
    return pairs;
}

void pairs_free(struct pairs *pairs)
{
    if (!pairs)
        return;
    for (int i = 0; i < pairs->file_count; i++)
        data_file_close(&pairs->files[i]);
    free(pairs);
}

bool pairs_read(struct pairs *pairs,
                bool (*read)(struct array *array, const struct data_file *file,
                             struct errors *errors),
                struct errors *errors)
{
    pairs->second_tests = true;
    for (; 2 * pairs->count < pairs->file_count; pairs->count++) {
        const struct data_file *files = pairs->files + 2 * pairs->count;
        if (!read(&pairs->inputs[pairs->count], &files[0], errors) ||
            !read(&pairs->targets[pairs->count], &files[1], errors))
            return false;
    }
    return true;
}

/* The pair that holds a row, which becomes the row in that pair. */
static int pair_of(const struct pairs *pairs, size_t *row)
{
    int i = 0;
    while (*row >= pairs->inputs[i].rows)
        *row -= pairs->inputs[i++].rows;
    return i;
}

static void input(const struct dataset *set, size_t row, void *to)
{
    const struct pairs *pairs = set->state;
    int i = pair_of(pairs, &row);
    array_floats(&pairs->inputs[i], row, pairs->scale, to);
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    const struct pairs *pairs = set->state;
    int i = pair_of(pairs, &row);
    if (set->classes)
        *(int32_t *)to = (int32_t)array_number(&pairs->targets[i], row, 0);
    else
        array_floats(&pairs->targets[i], row, 1, to);
}

static void release(struct dataset *set)
{
    pairs_free(set->state);
}

/* ---- Checks. ---- */

static bool check_shapes(const struct pairs *pairs, int i, struct errors *errors)
{
    const struct array *in = &pairs->inputs[i], *out = &pairs->targets[i];
    if (in->rows != out->rows)
        return errors_add(errors, "%s: %zu rows, but %s has %zu", out->file->path, out->rows,
                          in->file->path, in->rows);
    if (in->width != pairs->inputs[0].width)
        return errors_add(errors, "%s: %zu values a row, but %s has %zu", in->file->path, in->width,
                          pairs->inputs[0].file->path, pairs->inputs[0].width);
    if (pairs->kind == TARGET_CLASS && out->width != 1)
        return errors_add(errors, "%s: %zu labels a row; expected one (or target=real)",
                          out->file->path, out->width);
    if (out->width != pairs->targets[0].width)
        return errors_add(errors, "%s: %zu targets a row, but %s has %zu", out->file->path,
                          out->width, pairs->targets[0].file->path, pairs->targets[0].width);
    return true;
}

static bool count_classes(const struct array *labels, size_t *classes, struct errors *errors)
{
    for (size_t row = 0; row < labels->rows; row++) {
        double label = array_number(labels, row, 0);
        if (!(label >= 0 && label < CLASSES_MOST && label == floor(label)))
            return data_file_complain(labels->file, labels->at + row * labels->stride, errors,
                                      "expected the label of row %zu, a whole number from 0, below "
                                      "%d: this is %g",
                                      row, CLASSES_MOST, label);
        if ((size_t)label >= *classes)
            *classes = (size_t)label + 1;
    }
    return true;
}

static bool check(struct pairs *pairs, struct dataset *set, struct errors *errors)
{
    for (int i = 0; i < pairs->count; i++) {
        if (!check_shapes(pairs, i, errors) ||
            (pairs->kind == TARGET_CLASS &&
             !count_classes(&pairs->targets[i], &set->classes, errors)))
            return false;
        set->rows += pairs->inputs[i].rows;
    }
    return true;
}

struct dataset *pairs_finish(struct pairs *pairs, const char *name, struct errors *errors)
{
    struct dataset *set = dataset_make(name, 0);
    set->width = pairs->inputs[0].width;
    set->image = pairs->inputs[0].image;
    set->target_width = pairs->targets[0].width;
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = pairs;
    if (pairs->second_tests && pairs->count > 1)
        set->train_rows = pairs->inputs[0].rows;
    if (!check(pairs, set, errors)) {
        dataset_free(set);
        return NULL;
    }
    for (int i = 0; pairs->shuffled && i < pairs->file_count; i++)
        data_file_scatter(&pairs->files[i]);
    return set;
}
