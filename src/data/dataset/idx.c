/* IDX, the format of MNIST (Y. LeCun, C. Cortes, C. J. C. Burges, http://yann.lecun.com/exdb/mnist):
 *
 *     0, 0, type, number of dimensions     a byte each
 *     dimensions                           32 bits each, most significant byte first
 *     numbers                              likewise, the last dimension fastest
 *
 * Bytes without a sign are pixels, and divided by 255; of other types values are taken as they are.
 * A second pair of files tests. */
#include "../pairs.h"

enum { TYPE_AT = 2, COUNT_AT = 3, HEADER = 4, DIMENSIONS_MOST = 4, DIMENSION_BYTES = 4 };
static const float brightest = 255;

static bool read_type(struct array *array, struct errors *errors)
{
    static const struct {
        uint8_t code;
        struct array_type type;
    } types[] = {
        {0x08, {1, ARRAY_UNSIGNED, true}}, {0x09, {1, ARRAY_SIGNED, true}},
        {0x0b, {2, ARRAY_SIGNED, true}},   {0x0c, {4, ARRAY_SIGNED, true}},
        {0x0d, {4, ARRAY_FLOAT, true}},    {0x0e, {8, ARRAY_FLOAT, true}},
    };
    uint8_t code = array->file->bytes[TYPE_AT];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        array->type = types[i].type;
        if (types[i].code == code)
            return true;
    }
    return data_file_complain(array->file, TYPE_AT, errors,
                              "expected a type of IDX's: 0x08, 0x09 or 0x0b to 0x0e, not 0x%02x",
                              code);
}

static bool read_array(struct array *array, const struct data_file *file, struct errors *errors)
{
    const uint8_t *bytes = file->bytes;
    size_t dimensions[DIMENSIONS_MOST];
    array->file = file;
    if (file->length < HEADER || bytes[0] || bytes[1])
        return data_file_complain(file, 0, errors, "expected two zero bytes, as IDX begins");
    int count = bytes[COUNT_AT];
    if (!read_type(array, errors))
        return false;
    if (count < 1 || count > DIMENSIONS_MOST)
        return data_file_complain(file, COUNT_AT, errors, "expected 1 to %d dimensions, not %d",
                                  DIMENSIONS_MOST, count);
    array->at = HEADER + (size_t)count * DIMENSION_BYTES;
    if (file->length < array->at)
        return data_file_complain(file, file->length, errors,
                                  "the file is cut short within its %d dimensions", count);
    for (int i = 0; i < count; i++)
        dimensions[i] = bytes_big(bytes + HEADER + i * DIMENSION_BYTES, DIMENSION_BYTES);
    return array_shape(array, dimensions, count, errors);
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct data_words words = {.usage = "idx:IMAGES,LABELS[,TEST_IMAGES,TEST_LABELS]",
                               .least = 2,
                               .most = 4,
                               .step = 2};
    struct pairs *pairs =
        data_words_read(&words, request, errors) ? pairs_create(&words, request, errors) : NULL;
    data_words_release(&words);
    if (!pairs || !pairs_read(pairs, read_array, errors)) {
        pairs_free(pairs);
        return NULL;
    }
    const struct array_type *type = &pairs->inputs[0].type;
    pairs->scale = type->bytes == 1 && type->kind == ARRAY_UNSIGNED ? brightest : 1;
    return pairs_finish(pairs, "idx", errors);
}

const struct dataset_ops dataset_idx = {
    .name = "idx",
    .summary = "MNIST's format, bytes divided by 255; the second pair of files tests",
    .options = "IMAGES,LABELS[,TEST_IMAGES,TEST_LABELS]",
    .open = open,
};
