#include "windows.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { ASCII = 128, BYTES = 256 };

static void copy_tokens(const struct dataset *set, size_t at, int32_t *to)
{
    const struct data_file *file = set->state;
    for (size_t i = 0; i < set->width; i++)
        to[i] = file->bytes[at + i];
}

static void input(const struct dataset *set, size_t row, void *to)
{
    copy_tokens(set, row * set->width, to);
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    copy_tokens(set, row * set->width + 1, to);
}

static void release(struct dataset *set)
{
    data_file_close(set->state);
    free(set->state);
}

static size_t vocabulary_of(const struct data_file *file)
{
    for (size_t i = 0; i < file->length; i++)
        if (file->bytes[i] >= ASCII)
            return BYTES;
    return ASCII;
}

struct dataset *windows_open(const char *name, struct data_file *file,
                             const struct dataset_request *request, struct errors *errors)
{
    size_t context = request->context;
    bool fits = dataset_wants_tokens(name, request, errors);
    if (fits && file->length <= context)
        fits = data_file_complain(file, file->length, errors,
                                  "the text ends before one window of %zu bytes and the byte after "
                                  "it",
                                  context);
    if (!fits) {
        data_file_close(file);
        return NULL;
    }
    struct dataset *set = dataset_make(name, (file->length - 1) / context);
    set->width = set->target_width = context;
    set->vocabulary = set->classes = vocabulary_of(file);
    if (request->shuffled)
        data_file_scatter(file);
    struct data_file *kept = memory_zeroed(1, sizeof *kept);
    *kept = *file;
    set->state = kept;
    set->input = input;
    set->targets = targets;
    set->release = release;
    return set;
}
