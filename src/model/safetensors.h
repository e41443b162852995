/* A safetensors file while it is read: the header first, then what it says of each tensor. */
#ifndef THREADRACK_SRC_MODEL_SAFETENSORS_H
#define THREADRACK_SRC_MODEL_SAFETENSORS_H

#include "checkpoint.h"

#include <jansson.h>
#include <stdio.h>

struct extent {
    uint64_t begin, end;
    const char *name;
};

struct reader {
    struct checkpoint *checkpoint;
    int sets; /* of its tensors that are read */
    const char *path, *where;
    FILE *stream;
    uint64_t data_at, data_bytes; /* of the file, after the header */
    json_t *header;
    struct extent *extents;
    int count, room;
    int complaints; /* so far; the first COMPLAINTS_TOLD are among the errors */
    struct errors *errors;
};

enum { COMPLAINTS_TOLD = 5 };

/* Appends a message about the file, if it is one of the first; returns false. */
bool safetensors_complain(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Opens the file, parses its header, and sees that its tensors tile the data. */
bool safetensors_open(struct reader *r);
void safetensors_close(struct reader *r);
/* A JSON array of `count` whole numbers that are not negative. */
bool safetensors_numbers(const json_t *array, size_t count, uint64_t *out);

#endif
