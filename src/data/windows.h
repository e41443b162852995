/* A text as rows for a model over tokens: a byte is a token. With n = (length - 1) / context whole
 * windows, row w is the bytes w*context .. w*context + context - 1, its targets the same bytes one
 * further on. */
#ifndef THREADRACK_SRC_DATA_WINDOWS_H
#define THREADRACK_SRC_DATA_WINDOWS_H

#include "dataset.h"
#include "file.h"

/* Takes the file over. NULL and a message when the text is shorter than one window. */
struct dataset *windows_open(const char *name, struct data_file *file,
                             const struct dataset_request *request, struct errors *errors);

#endif
