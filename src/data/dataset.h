/* What the members of the family share. */
#ifndef THREADRACK_SRC_DATA_DATASET_H
#define THREADRACK_SRC_DATA_DATASET_H

#include "threadrack/data/data.h"

#define DATASET(name) extern const struct dataset_ops dataset_##name;
#include "dataset.def"
#undef DATASET

/* With features and labels zeroed, or NULL when only shapes were asked for. NULL and a message when
 * it is more than an address can name. */
struct dataset *dataset_make(const char *name, size_t rows, size_t width, size_t classes,
                             bool shapes_only, const char *where, struct errors *errors);

#endif
