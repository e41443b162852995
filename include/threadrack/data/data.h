/* Data sets, and which rows a step uses.
 *
 * A data set is read-only and the host's, shared by all ranks; each rank copies the rows of its
 * share into its own region. Rows are handed out one by one, so that a file is mapped and a
 * synthetic set drawn as it is used: neither need fit in memory. The first `train_rows` rows train,
 * the `test_rows` after them test. Reading data is not on the virtual clock.
 *
 * A row has an input and targets, whose elements have four bytes each:
 *
 *     input      width real values (float), or width tokens (int32, below vocabulary)
 *     targets    target_width classes (int32, below classes): one of an image, or one of each
 *                position of a text, whose classes are its vocabulary; or as many real values
 *                (float), to be met by regression
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
    size_t rows, train_rows, test_rows; /* rows in all; train_rows + test_rows are no more */
    size_t width;                       /* elements of an input */
    size_t vocabulary;                  /* of tokens; 0: the input is real values */
    struct image_shape {
        size_t channels, height, width;
    } image;             /* whose product is the width, channel by channel; all 0: no image */
    size_t target_width; /* targets of a row */
    size_t classes;      /* of each target; 0: the targets are real values */

    /* Set by the member: write a row's width or target_width elements. Many threads call them at
     * once; a row is always the same. NULL when only shapes were asked for. */
    void (*input)(const struct dataset *set, size_t row, void *to);
    void (*targets)(const struct dataset *set, size_t row, void *to);
    void (*release)(struct dataset *set); /* frees the state; may be NULL */
    void *state;
    bool drawn; /* a row is dear to make: where all fit, they are made once (dataset_open) */
};

/* Copies a row's input (width elements) or targets (target_width). */
void dataset_copy_input(const struct dataset *set, size_t row, void *to);
void dataset_copy_targets(const struct dataset *set, size_t row, void *to);

/* What is asked for. */
struct dataset_request {
    const char *text;  /* what the key `data` holds: a member and its options */
    const char *where; /* its place, for messages */
    uint64_t seed;
    size_t context;    /* tokens of a row, where the set has tokens: the model's width */
    size_t train_rows; /* 0: as the set says, else 80 % of the rows, rounded down */
    size_t test_rows;  /* 0: what is left, but DATASET_TEST_ROWS at most */
    bool shapes_only;  /* the rows are never asked for */
    bool shuffled;     /* they are, in any order, so that reading ahead would be in vain */
};
enum { DATASET_TEST_ROWS = 10000 };

/* The family of data sets. To add one: src/data/dataset/<name>.c and a row in src/data/dataset.def.
 * Paths come first, then options, all separated by commas (src/data/words.h).
 */
struct dataset_ops {
    const char *name, *summary, *options;
    /* Fills all but train_rows and test_rows (or train_rows, where it knows better). */
    struct dataset *(*open)(const struct dataset_request *request, struct errors *errors);
};
extern const struct dataset_ops *const datasets[]; /* NULL at the end */

struct dataset *dataset_open(const struct dataset_request *request, struct errors *errors);
void dataset_free(struct dataset *set);

/* In a list of data sets, whether `piece` is a further path of the one that `value` begins with:
 * that takes some, and the piece names none. */
bool dataset_continues(const char *value, const char *piece);

/* Which rows train when. Step s uses positions s*batch .. s*batch + batch - 1 of an endless
 * sequence of epochs; sequential: position p is row p mod train_rows; shuffled: each epoch is a
 * permutation of its own, by the seed (Fisher-Yates over Philox; above 2^24 rows a Feistel network,
 * which needs no list). */
struct loader;
struct loader *loader_create(const struct dataset *dataset, bool shuffled, size_t batch,
                             uint64_t seed);
void loader_free(struct loader *loader);
/* Step `step` begins at position `rows` (else at step * batch), and the others go on from there: for
 * a training that is resumed. Before the first rows are asked for. */
void loader_begin(struct loader *loader, uint64_t step, uint64_t rows);
/* Copies the rows of the share of step's global batch: inputs (share.count, width), targets
 * (share.count, target_width). Either may be NULL. Called by many ranks at once. */
void loader_fill(struct loader *loader, size_t step, struct share share, void *inputs,
                 void *targets);
/* Before anything is loaded: every part has an endless sequence of its own, its rows in epochs of its
 * own. */
struct partition;
void loader_part(struct loader *loader, const struct partition *partition);
/* `count` rows of the part's sequence, from the position on. */
void loader_fill_part(struct loader *loader, int part, size_t position, size_t count, void *inputs,
                      void *targets);
/* For tests: the row at a position of the sequence. */
size_t loader_row(struct loader *loader, size_t position);

#endif
