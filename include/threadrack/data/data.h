/* Data sets, and which rows a step uses.
 *
 * A data set is read-only and the host's, shared by all ranks; each rank copies the rows of its
 * share into its own region. The first `train_rows` rows train, the others test. Reading data is
 * not on the virtual clock.
 */
#ifndef THREADRACK_DATA_DATA_H
#define THREADRACK_DATA_DATA_H

#include "threadrack/base/errors.h"
#include "threadrack/base/share.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dataset {
    char *name;
    size_t rows, train_rows; /* rows in all; the first train_rows train */
    size_t width;            /* features a row */
    size_t classes;
    float *features;         /* (rows, width); NULL when only shapes were asked for */
    int32_t *labels;         /* (rows), each in [0, classes); NULL likewise */
};

/* The family of data sets. To add one: src/data/dataset/<name>.c and a row in src/data/dataset.def.
 * `digits` (compiled in: 1,797 rows of 64 pixels divided by 16, 10 classes);
 * `synthetic:rows=...,features=...,classes=...[,noise=...]` (Gaussian class centres);
 * `csv:PATH` (numbers, the last column the label; a header row is recognised and skipped).
 */
struct dataset_ops {
    const char *name, *summary, *options;
    /* `text` is what the key `data` holds, `where` its place for messages. With shapes_only no
     * features are made where that is possible. */
    struct dataset *(*open)(const char *text, const char *where, uint64_t seed, bool shapes_only,
                            struct errors *errors);
};
extern const struct dataset_ops *const datasets[]; /* NULL at the end */

/* Opens the data set that `text` names. train_rows 0 means 80 % of the rows, rounded down. */
struct dataset *dataset_open(const char *text, const char *where, uint64_t seed, size_t train_rows,
                             bool shapes_only, struct errors *errors);
void dataset_free(struct dataset *dataset);

/* Which rows train when. Step s uses positions s*batch .. s*batch + batch - 1 of an endless
 * sequence of epochs; sequential: position p is row p mod train_rows; shuffled: each epoch is a
 * permutation of its own, by the seed (Fisher-Yates over Philox). */
struct loader;
struct loader *loader_create(const struct dataset *dataset, bool shuffled, size_t batch,
                             uint64_t seed);
void loader_free(struct loader *loader);
/* Step `step` begins at position `rows` (else at step * batch), and the others go on from there: for
 * a training that is resumed. Before the first rows are asked for. */
void loader_begin(struct loader *loader, uint64_t step, uint64_t rows);
/* Copies the rows of the share of step's global batch: features (share.count, width), labels
 * (share.count). Either may be NULL. Called by many ranks at once. */
void loader_fill(struct loader *loader, size_t step, struct share share, float *features,
                 int32_t *labels);
/* For tests: the row at a position of the sequence. */
size_t loader_row(struct loader *loader, size_t position);

#endif
