/* What the members of the family share. */
#ifndef THREADRACK_SRC_DATA_DATASET_H
#define THREADRACK_SRC_DATA_DATASET_H

#include "threadrack/data/data.h"

#define DATASET(name) extern const struct dataset_ops dataset_##name;
#include "dataset.def"
#undef DATASET

/* A label is below it. */
enum { CLASSES_MOST = 1 << 20 };

/* An element of an input or of targets: float or int32. */
enum { ELEMENT_BYTES = 4 };

/* A set with that name and so many rows; all else is the member's to fill. */
struct dataset *dataset_make(const char *name, size_t rows);

/* Whether the model takes tokens, which the set named so has; else a message. */
bool dataset_wants_tokens(const char *name, const struct dataset_request *request,
                          struct errors *errors);

/* Rows that are in memory as they are handed out: what the small members and readers of text hold.
 * `inputs` (rows, width) and `targets` (rows, target_width) are malloc'ed, and the set's from now
 * on. */
void dataset_hold(struct dataset *set, void *inputs, void *targets);

/* calloc of rows of so many elements; NULL and a message when they are more than the host has. */
void *dataset_room(size_t rows, size_t width, const char *where, struct errors *errors);

#endif
