/* Data sets of binary files: pairs of arrays, inputs and their targets, one pair behind the other.
 *
 *     pairs = pairs_create(&words, request, errors);    opens the files
 *     pairs_read(pairs, read_array, errors);            two by two, or whatever the member does
 *     set = pairs_finish(pairs, "idx", errors);         checks, makes the set
 */
#ifndef THREADRACK_SRC_DATA_PAIRS_H
#define THREADRACK_SRC_DATA_PAIRS_H

#include "array.h"
#include "words.h"

enum { PAIRS_MOST = 64 };

struct pairs {
    int count, file_count;
    struct data_file files[2 * PAIRS_MOST];
    struct array inputs[PAIRS_MOST], targets[PAIRS_MOST];
    enum target_kind kind;
    float scale;       /* values of inputs are divided by it */
    bool second_tests; /* the first pair trains, the others test */
    bool shuffled;     /* as the request says */
};

/* Opens all files; NULL and a message when one cannot be read. */
struct pairs *pairs_create(const struct data_words *words, const struct dataset_request *request,
                           struct errors *errors);
void pairs_free(struct pairs *pairs);

/* Reads the header of each file, inputs and targets by turns; a second pair of files tests. False
 * and a message when `read` finds something wrong. */
bool pairs_read(struct pairs *pairs,
                bool (*read)(struct array *array, const struct data_file *file,
                             struct errors *errors),
                struct errors *errors);

/* Takes `pairs` over. The rows of each pair must be as many, the widths of all the same, and
 * classes whole numbers from 0, one a row. */
struct dataset *pairs_finish(struct pairs *pairs, const char *name, struct errors *errors);

#endif
