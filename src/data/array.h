/* Numbers as a binary file holds them, row by row. */
#ifndef THREADRACK_SRC_DATA_ARRAY_H
#define THREADRACK_SRC_DATA_ARRAY_H

#include "dataset.h"
#include "file.h"

/* What a number is: its bytes, and whether they are a whole number with or without a sign, or IEEE
 * 754's binary32 or binary64. */
struct array_type {
    int bytes;
    enum { ARRAY_UNSIGNED, ARRAY_SIGNED, ARRAY_FLOAT } kind;
    bool big; /* most significant byte first */
};

struct array {
    const struct data_file *file;
    struct array_type type;
    size_t at;          /* byte of the file at which row 0 begins */
    size_t rows, width; /* width numbers a row */
    size_t stride;      /* bytes from row to row */
    struct image_shape image;
};

/* Shapes a dense array that begins at byte `at`: the first dimension counts rows; of three more are
 * channels, height and width of an image, of two more height and width. False and a message when
 * the file's length is another than that. */
bool array_shape(struct array *array, const size_t *dimensions, int count, struct errors *errors);

double array_number(const struct array *array, size_t row, size_t column);
/* All of a row as floats, divided by `scale`. */
void array_floats(const struct array *array, size_t row, float scale, float *to);

#endif
