/* Reading safetensors. Nothing in a file is believed: lengths are held against the file's size, the
 * header is parsed strictly, and tensors must tile the data without gap or overlap, as the format
 * demands. The header's own faults end the reading; differences to the model are all reported. */
#include "checkpoint.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_HEADER = 100000000 }; /* the format's own limit */

struct extent {
    uint64_t begin, end;
    const char *name;
};

struct reader {
    const struct checkpoint *checkpoint;
    const char *path, *where;
    FILE *stream;
    uint64_t data_at, data_bytes; /* of the file, after the header */
    json_t *header;
    struct extent *extents;
    int count, room;
    struct errors *errors;
};

static bool complain(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(struct reader *r, const char *format, ...)
{
    char *what = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&what, format, arguments) < 0)
        what = NULL;
    va_end(arguments);
    errors_add(r->errors, "%s: '%s': %s", r->where, r->path, what ? what : "");
    free(what);
    return false;
}

static bool open_file(struct reader *r, uint64_t *size)
{
    struct stat status;
    r->stream = fopen(r->path, "rb");
    if (!r->stream)
        return complain(r, "cannot be opened: %s", strerror(errno));
    if (fstat(fileno(r->stream), &status) || !S_ISREG(status.st_mode))
        return complain(r, "is no regular file");
    *size = (uint64_t)status.st_size;
    return true;
}

static bool parse_header(struct reader *r, size_t length)
{
    char *text = memory_zeroed(length + 1, 1);
    json_error_t error;
    if (fread(text, 1, length, r->stream) != length)
        complain(r, "cannot be read: %s", strerror(errno));
    else if (text[0] != '{')
        complain(r, "is no safetensors file: its header does not begin with '{'");
    else if (!(r->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error)))
        complain(r, "its header is not valid JSON: %s", error.text);
    free(text);
    return r->header != NULL;
}

static bool read_header(struct reader *r)
{
    uint64_t size = 0, length = 0;
    unsigned char bytes[8];
    if (!open_file(r, &size))
        return false;
    if (size < 8 || fread(bytes, 1, 8, r->stream) != 8)
        return complain(r, "is no safetensors file: it has only %llu bytes",
                        (unsigned long long)size);
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)bytes[i] << (8 * i);
    if (length > MOST_HEADER || length > size - 8 || length < 2)
        return complain(r, "is truncated or no safetensors file: its header would have %llu bytes",
                        (unsigned long long)length);
    r->data_at = 8 + length;
    r->data_bytes = size - r->data_at;
    return parse_header(r, (size_t)length);
}

/* A JSON array of `count` whole numbers that are not negative. */
static bool read_numbers(const json_t *array, size_t count, uint64_t *out)
{
    if (!json_is_array(array) || json_array_size(array) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_is_integer(item) || json_integer_value(item) < 0)
            return false;
        out[i] = (uint64_t)json_integer_value(item);
    }
    return true;
}

static int by_begin(const void *a, const void *b)
{
    const struct extent *left = a, *right = b;
    if (left->begin != right->begin)
        return left->begin < right->begin ? -1 : 1;
    return left->end < right->end ? -1 : left->end > right->end;
}

/* Collects where each tensor's bytes are, and sees that together they are all the data. */
static bool check_extents(struct reader *r)
{
    const char *name;
    json_t *entry;
    uint64_t at = 0, range[2];
    json_object_foreach(r->header, name, entry)
    {
        if (!strcmp(name, "__metadata__"))
            continue;
        if (!read_numbers(json_object_get(entry, "data_offsets"), 2, range) || range[0] > range[1])
            return complain(r, "tensor '%.40s': expected data_offsets of a begin and an end", name);
        if (range[1] > r->data_bytes)
            return complain(r, "is truncated: tensor '%.40s' ends at byte %llu of %llu", name,
                            (unsigned long long)range[1], (unsigned long long)r->data_bytes);
        *vector_push(&r->extents, &r->count, &r->room) = (struct extent){range[0], range[1], name};
    }
    if (r->count)
        qsort(r->extents, (size_t)r->count, sizeof *r->extents, by_begin);
    for (int i = 0; i < r->count; at = r->extents[i++].end)
        if (r->extents[i].begin != at)
            return complain(r, "tensor '%.40s' %s", r->extents[i].name,
                            r->extents[i].begin < at ? "overlaps another" : "follows a gap");
    return at == r->data_bytes || complain(r, "has %llu bytes behind its last tensor",
                                           (unsigned long long)(r->data_bytes - at));
}

static bool same_shape(const struct tensor *tensor, const json_t *shape)
{
    uint64_t sizes[2];
    if (!read_numbers(shape, (size_t)tensor->dimensions, sizes))
        return false;
    for (int i = 0; i < tensor->dimensions; i++)
        if (sizes[i] != tensor->shape[i])
            return false;
    return true;
}

/* Whether the file's entry is the tensor that the model has. */
static bool check_tensor(struct reader *r, const struct tensor *tensor, uint64_t range[2])
{
    char expected[48];
    const json_t *entry = json_object_get(r->header, tensor->name);
    if (!entry)
        return complain(r, "has no tensor '%s'", tensor->name);
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type || strcmp(type, "F32"))
        return complain(r, "tensor '%s': expected dtype F32, not %.20s", tensor->name,
                        type ? type : "nothing");
    const json_t *shape = json_object_get(entry, "shape");
    if (!same_shape(tensor, shape)) {
        char *found = shape ? json_dumps(shape, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        complain(r, "tensor '%s': expected shape %s, not %.60s", tensor->name,
                 tensor_shape_text(tensor, expected, sizeof expected), found ? found : "nothing");
        free(found);
        return false;
    }
    read_numbers(json_object_get(entry, "data_offsets"), 2, range);
    return range[1] - range[0] == tensor->count * sizeof(float) ||
           complain(r, "tensor '%s': %llu bytes are not %zu floats", tensor->name,
                    (unsigned long long)(range[1] - range[0]), tensor->count);
}

/* Tensors of the file that the model does not have. */
static bool check_strangers(struct reader *r)
{
    bool good = true;
    int count = r->checkpoint->count;
    const char **names = memory_zeroed((size_t)count, sizeof *names);
    for (int i = 0; i < count; i++)
        names[i] = r->checkpoint->tensors[i].name;
    for (int i = 0; i < r->count; i++) {
        int known = 0;
        while (known < count && strcmp(names[known], r->extents[i].name))
            known++;
        if (known == count)
            good = complain(r, "has a tensor '%.40s' that the model has not", r->extents[i].name);
    }
    free(names);
    return good;
}

static bool read_tensor(struct reader *r, const struct tensor *tensor, bool wanted)
{
    uint64_t range[2];
    if (!check_tensor(r, tensor, range))
        return false;
    if (!wanted)
        return true;
    return (!fseeko(r->stream, (off_t)(r->data_at + range[0]), SEEK_SET) &&
            fread(tensor->data, sizeof(float), tensor->count, r->stream) == tensor->count) ||
           complain(r, "tensor '%s' cannot be read: %s", tensor->name, strerror(errno));
}

bool checkpoint_load(struct checkpoint *checkpoint, const char *path, const char *where,
                     struct errors *errors)
{
    struct reader r = {.checkpoint = checkpoint, .path = path, .where = where, .errors = errors};
    bool good = read_header(&r) && check_extents(&r);
    if (good) {
        good = check_strangers(&r);
        for (int i = 0; i < checkpoint->count; i++)
            good &= read_tensor(&r, &checkpoint->tensors[i], false);
        for (int i = 0; good && i < checkpoint->count; i++)
            good = read_tensor(&r, &checkpoint->tensors[i], true);
    }
    if (r.stream)
        fclose(r.stream);
    json_decref(r.header);
    free(r.extents);
    return good;
}
