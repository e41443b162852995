/* CIFAR-10's binary version (A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html): a record
 * is a label, 0 to 9, and 3,072 bytes, 32 x 32 pixels of red, then of green, then of blue. They are
 * divided by 255. Files follow one another. */
#include "../pairs.h"

enum { CHANNELS = 3, SIDE = 32, CLASSES = 10, PIXELS = CHANNELS * SIDE * SIDE, RECORD = PIXELS + 1 };
static const float brightest = 255;

static bool read_file(struct pairs *pairs, int i, struct errors *errors)
{
    const struct data_file *file = &pairs->files[i];
    const struct array_type byte = {.bytes = 1, .kind = ARRAY_UNSIGNED};
    size_t rows = file->length / RECORD;
    if (!rows || file->length % RECORD)
        return data_file_complain(file, rows * RECORD, errors,
                                  "expected records of %d bytes: %zu are left over", RECORD,
                                  file->length % RECORD);
    pairs->targets[i] = (struct array){
        .file = file, .type = byte, .rows = rows, .width = 1, .stride = RECORD};
    pairs->inputs[i] = (struct array){.file = file,
                                      .type = byte,
                                      .at = 1,
                                      .rows = rows,
                                      .width = PIXELS,
                                      .stride = RECORD,
                                      .image = {CHANNELS, SIDE, SIDE}};
    for (size_t row = 0; row < rows; row++)
        if (file->bytes[row * RECORD] >= CLASSES)
            return data_file_complain(file, row * RECORD, errors,
                                      "expected the label of row %zu, 0 to 9, not %d", row,
                                      file->bytes[row * RECORD]);
    return true;
}

static struct dataset *read_files(struct pairs *pairs, struct errors *errors)
{
    pairs->count = pairs->file_count;
    pairs->scale = brightest;
    for (int i = 0; i < pairs->count; i++)
        if (!read_file(pairs, i, errors)) {
            pairs_free(pairs);
            return NULL;
        }
    struct dataset *set = pairs_finish(pairs, "cifar10", errors);
    if (set)
        set->classes = CLASSES; /* whether or not all of them occur */
    return set;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct data_words words = {.usage = "cifar10:PATH[,PATH...]", .least = 1, .most = PAIRS_MOST};
    struct pairs *pairs =
        data_words_read(&words, request, errors) ? pairs_create(&words, request, errors) : NULL;
    data_words_release(&words);
    return pairs ? read_files(pairs, errors) : NULL;
}

const struct dataset_ops dataset_cifar10 = {
    .name = "cifar10",
    .summary = "CIFAR-10's binary files, one behind the other, bytes divided by 255",
    .options = "PATH[,PATH...]",
    .open = open,
};
