/* Data sets of bytes: opened, and where that works the first, a middle and the last row read. */
#ifndef THREADRACK_TESTS_FUZZ_DATASET_H
#define THREADRACK_TESTS_FUZZ_DATASET_H

#include "tests/fuzz/fuzz.h"

#include "threadrack/data/data.h"

enum { FUZZ_WIDEST = 1 << 16, FUZZ_CONTEXT = 4 };

static inline void fuzz_rows(const struct dataset *set)
{
    size_t width = set->width + set->target_width, rows[] = {0, set->rows / 2, set->rows - 1};
    if (set->rows == 0 || set->train_rows == 0 || set->train_rows + set->test_rows > set->rows)
        abort();
    if (width > FUZZ_WIDEST)
        return;
    int32_t *elements = malloc(width * sizeof *elements);
    for (int i = 0; i < 3; i++) {
        dataset_copy_input(set, rows[i], elements);
        dataset_copy_targets(set, rows[i], elements + set->width);
        for (size_t j = set->width; set->classes && j < width; j++)
            if (elements[j] < 0 || (size_t)elements[j] >= set->classes)
                abort();
    }
    free(elements);
}

static inline void fuzz_dataset(const char *text)
{
    struct errors errors = {0};
    struct dataset_request request = {.text = text, .where = "fuzz", .context = FUZZ_CONTEXT};
    struct dataset *set = dataset_open(&request, &errors);
    if (!set == !errors.count)
        abort();
    if (set)
        fuzz_rows(set);
    dataset_free(set);
    errors_release(&errors);
}

/* The member `name` of one file. */
static inline void fuzz_one_file(const char *name, const uint8_t *bytes, size_t length)
{
    char path[64], text[128];
    int file = fuzz_file(bytes, length, path);
    snprintf(text, sizeof text, "%s:%s", name, path);
    fuzz_dataset(text);
    close(file);
}

/* Of two files: the first byte times four says how long the first is. */
static inline void fuzz_two_files(const char *name, const uint8_t *bytes, size_t length)
{
    char paths[2][64], text[192];
    if (!length)
        return;
    size_t first = 4u * bytes[0] < length - 1 ? 4u * bytes[0] : length - 1;
    int a = fuzz_file(bytes + 1, first, paths[0]);
    int b = fuzz_file(bytes + 1 + first, length - 1 - first, paths[1]);
    snprintf(text, sizeof text, "%s:%s,%s", name, paths[0], paths[1]);
    fuzz_dataset(text);
    close(a);
    close(b);
}

#endif
