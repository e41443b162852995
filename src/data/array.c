#include "array.h"

#include "threadrack/base/text.h"

#include <string.h>

static double float_of(uint64_t bits, int bytes)
{
    float single;
    double real;
    uint32_t low = (uint32_t)bits;
    memcpy(&single, &low, sizeof single);
    memcpy(&real, &bits, sizeof real);
    return bytes == 4 ? (double)single : real;
}

static double signed_of(uint64_t bits, int bytes)
{
    int unused = 64 - 8 * bytes;
    return (double)((int64_t)(bits << unused) >> unused);
}

static double number_at(const struct array_type *type, const uint8_t *from)
{
    uint64_t bits = type->big ? bytes_big(from, type->bytes) : bytes_little(from, type->bytes);
    if (type->kind == ARRAY_FLOAT)
        return float_of(bits, type->bytes);
    return type->kind == ARRAY_SIGNED ? signed_of(bits, type->bytes) : (double)bits;
}

static const uint8_t *row_at(const struct array *array, size_t row)
{
    return array->file->bytes + array->at + row * array->stride;
}

double array_number(const struct array *array, size_t row, size_t column)
{
    return number_at(&array->type, row_at(array, row) + column * (size_t)array->type.bytes);
}

void array_floats(const struct array *array, size_t row, float scale, float *to)
{
    const uint8_t *from = row_at(array, row);
    const struct array_type *type = &array->type;
    if (type->bytes == 1 && type->kind == ARRAY_UNSIGNED) /* pixels: as fast as it goes */
        for (size_t i = 0; i < array->width; i++)
            to[i] = (float)from[i] / scale;
    else
        for (size_t i = 0; i < array->width; i++)
            to[i] = (float)number_at(type, from + i * (size_t)type->bytes) / scale;
}

static void name_shape(struct text *text, const size_t *dimensions, int count)
{
    for (int i = 0; i < count; i++)
        text_add(text, "%s%zu", i ? " x " : "", dimensions[i]);
}

bool array_shape(struct array *array, const size_t *dimensions, int count, struct errors *errors)
{
    size_t bytes = (size_t)array->type.bytes, left = array->file->length - array->at;
    bool fits = true;
    array->rows = dimensions[0];
    array->width = 1;
    for (int i = 1; i < count; i++)
        fits = fits && !__builtin_mul_overflow(array->width, dimensions[i], &array->width);
    fits = fits && !__builtin_mul_overflow(array->width, bytes, &array->stride) &&
           !__builtin_mul_overflow(array->stride, array->rows, &bytes);
    if (count == 3)
        array->image = (struct image_shape){1, dimensions[1], dimensions[2]};
    if (count == 4)
        array->image = (struct image_shape){dimensions[1], dimensions[2], dimensions[3]};
    if (fits && bytes == left && array->rows && array->width)
        return true;
    struct text shape = {0};
    name_shape(&shape, dimensions, count);
    if (fits && (!array->rows || !array->width))
        data_file_complain(array->file, array->at, errors, "an array of %s holds nothing",
                           shape.bytes);
    else
        data_file_complain(array->file, array->file->length, errors,
                           "the file %s: an array of %s numbers of %d bytes begins at byte %zu",
                           fits && bytes < left ? "goes on behind its data" : "is cut short",
                           shape.bytes, array->type.bytes, array->at);
    text_release(&shape);
    return false;
}
