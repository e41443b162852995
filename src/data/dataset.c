#include "dataset.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/family.h"

#include <stdlib.h>
#include <string.h>

const struct dataset_ops *const datasets[] = {
#define DATASET(name) &dataset_##name,
#include "dataset.def"
#undef DATASET
    NULL,
};

struct dataset *dataset_make(const char *name, size_t rows, size_t width, size_t classes,
                             bool shapes_only, const char *where, struct errors *errors)
{
    size_t bytes;
    if (__builtin_mul_overflow(rows, width * sizeof(float), &bytes) || bytes > SIZE_MAX / 2) {
        errors_add(errors, "%s: %zu rows of %zu features are more than fits in memory", where, rows,
                   width);
        return NULL;
    }
    struct dataset *set = memory_zeroed(1, sizeof *set);
    *set = (struct dataset){
        .name = memory_text("%s", name), .rows = rows, .width = width, .classes = classes};
    if (shapes_only)
        return set;
    set->features = calloc(rows * width, sizeof *set->features);
    set->labels = calloc(rows, sizeof *set->labels);
    if (set->features && set->labels)
        return set;
    errors_add_status(errors, STATUS_OUT_OF_MEMORY,
                      "%s: the host has no memory for %zu rows of %zu features", where, rows,
                      width);
    dataset_free(set);
    return NULL;
}

struct dataset *dataset_open(const char *text, const char *where, uint64_t seed, size_t train_rows,
                             bool shapes_only, struct errors *errors)
{
    const struct dataset_ops *ops = family_find(datasets, FAMILY_WITH_OPTIONS, "data set",
                                                "datasets", text, where, errors);
    struct dataset *set = ops ? ops->open(text, where, seed, shapes_only, errors) : NULL;
    if (!set)
        return NULL;
    set->train_rows = train_rows ? train_rows : set->rows * 4 / 5;
    if (set->train_rows >= 1 && set->train_rows <= set->rows)
        return set;
    if (train_rows)
        errors_add(errors, "data.train_rows: %zu rows cannot train, %s has %zu", train_rows, text,
                   set->rows);
    else
        errors_add(errors, "%s: %zu row is too few to train and test", where, set->rows);
    dataset_free(set);
    return NULL;
}

void dataset_free(struct dataset *set)
{
    if (!set)
        return;
    free(set->name);
    free(set->features);
    free(set->labels);
    free(set);
}
