#include "dataset.h"

#include "threadrack/base/family.h"
#include "threadrack/base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct dataset_ops *const datasets[] = {
#define DATASET(name) &dataset_##name,
#include "dataset.def"
#undef DATASET
    NULL,
};

/* Sets that are drawn and no larger are drawn once, when they are opened. */
enum { KEEP_BYTES = 32 << 20 };

struct dataset *dataset_make(const char *name, size_t rows)
{
    struct dataset *set = memory_zeroed(1, sizeof *set);
    *set = (struct dataset){.name = memory_text("%s", name), .rows = rows, .target_width = 1};
    return set;
}

bool dataset_wants_tokens(const char *name, const struct dataset_request *request,
                          struct errors *errors)
{
    return request->context ||
           errors_add(errors, "%s: %s has tokens, and the model takes none", request->where, name);
}

bool dataset_continues(const char *value, const char *piece)
{
    size_t length = strcspn(piece, ":,");
    if (value[strcspn(value, ":,")] != ':')
        return false;
    for (int i = 0; datasets[i]; i++)
        if (strlen(datasets[i]->name) == length && !strncmp(datasets[i]->name, piece, length))
            return false;
    return true;
}

void dataset_free(struct dataset *set)
{
    if (!set)
        return;
    if (set->release)
        set->release(set);
    free(set->name);
    free(set);
}

void dataset_copy_input(const struct dataset *set, size_t row, void *to)
{
    assert(row < set->rows);
    set->input(set, row, to);
}

void dataset_copy_targets(const struct dataset *set, size_t row, void *to)
{
    assert(row < set->rows);
    set->targets(set, row, to);
}

/* ---- Rows in memory. ---- */

struct held {
    char *inputs, *targets;
};

static void held_input(const struct dataset *set, size_t row, void *to)
{
    const struct held *held = set->state;
    size_t bytes = set->width * ELEMENT_BYTES;
    memcpy(to, held->inputs + row * bytes, bytes);
}

static void held_targets(const struct dataset *set, size_t row, void *to)
{
    const struct held *held = set->state;
    size_t bytes = set->target_width * ELEMENT_BYTES;
    memcpy(to, held->targets + row * bytes, bytes);
}

static void held_release(struct dataset *set)
{
    struct held *held = set->state;
    free(held->inputs);
    free(held->targets);
    free(held);
}

void dataset_hold(struct dataset *set, void *inputs, void *targets)
{
    struct held *held = memory_zeroed(1, sizeof *held);
    *held = (struct held){.inputs = inputs, .targets = targets};
    set->state = held;
    set->input = held_input;
    set->targets = held_targets;
    set->release = held_release;
}

void *dataset_room(size_t rows, size_t width, const char *where, struct errors *errors)
{
    size_t elements;
    void *room = NULL;
    if (!__builtin_mul_overflow(rows, width, &elements))
        room = calloc(elements + !elements, ELEMENT_BYTES);
    if (!room)
        errors_add_status(errors, STATUS_OUT_OF_MEMORY,
                          "%s: the host has no memory for %zu rows of %zu values", where, rows,
                          width);
    return room;
}

static bool fits_in_memory(const struct dataset *set)
{
    size_t width = set->width + set->target_width;
    return width < KEEP_BYTES && set->rows <= KEEP_BYTES / ELEMENT_BYTES / width;
}

/* Draws all rows now instead of each when it is used. */
static void keep_rows(struct dataset *set)
{
    char *inputs = memory_zeroed(set->rows * set->width, ELEMENT_BYTES);
    char *targets = memory_zeroed(set->rows * set->target_width, ELEMENT_BYTES);
    for (size_t i = 0; i < set->rows; i++) {
        set->input(set, i, inputs + i * set->width * ELEMENT_BYTES);
        set->targets(set, i, targets + i * set->target_width * ELEMENT_BYTES);
    }
    if (set->release)
        set->release(set);
    dataset_hold(set, inputs, targets);
}

/* ---- Opening. ---- */

static bool share_out(struct dataset *set, const struct dataset_request *request,
                      struct errors *errors)
{
    size_t train = request->train_rows, test = request->test_rows;
    if (train > set->rows)
        return errors_add(errors, "data.train_rows: %zu rows cannot train, %s has %zu", train,
                          request->text, set->rows);
    if (!train)
        train = set->train_rows ? set->train_rows : set->rows / 5 * 4 + set->rows % 5 * 4 / 5;
    if (!train)
        return errors_add(errors, "%s: %zu row is too few to train and test", request->where,
                          set->rows);
    size_t left = set->rows - train;
    if (test > left)
        return errors_add(errors,
                          "data.test_rows: %zu rows cannot test, %s has %zu, of which %zu "
                          "train",
                          test, request->text, set->rows, train);
    if (!test)
        test = left < DATASET_TEST_ROWS ? left : DATASET_TEST_ROWS;
    set->train_rows = train;
    set->test_rows = test;
    return true;
}

/* No set's name has a point or a slash in it. */
static bool has_kind(const struct dataset_request *request, struct errors *errors)
{
    const char *text = request->text;
    return text[strcspn(text, "./:")] == ':' || !strpbrk(text, "./") ||
           errors_add(errors, "%s: '%s': a file stands behind its kind, as in csv:FILE (threadrack list datasets)",
                      request->where, text);
}

struct dataset *dataset_open(const struct dataset_request *request, struct errors *errors)
{
    if (!has_kind(request, errors))
        return NULL;
    const struct dataset_ops *ops = family_find(datasets, FAMILY_WITH_OPTIONS, "data set",
                                                "datasets", request->text, request->where, errors);
    struct dataset *set = ops ? ops->open(request, errors) : NULL;
    if (!set)
        return NULL;
    if (!share_out(set, request, errors)) {
        dataset_free(set);
        return NULL;
    }
    if (set->drawn && !request->shapes_only && fits_in_memory(set))
        keep_rows(set);
    return set;
}
