/* Nothing in a file is believed: lengths are held against the file's size, the header is parsed
 * strictly, and tensors must tile the data without gap or overlap, as the format demands. */
#include "safetensors.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_HEADER = 100000000 }; /* the format's own limit */

bool safetensors_complain(struct reader *r, const char *format, ...)
{
    char *what = NULL;
    va_list arguments;
    if (r->complaints++ >= COMPLAINTS_TOLD)
        return false;
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
        return safetensors_complain(r, "cannot be opened: %s", strerror(errno));
    if (fstat(fileno(r->stream), &status) || !S_ISREG(status.st_mode))
        return safetensors_complain(r, "is no regular file");
    *size = (uint64_t)status.st_size;
    return true;
}

static bool parse_header(struct reader *r, size_t length)
{
    char *text = memory_zeroed(length + 1, 1);
    json_error_t error;
    if (fread(text, 1, length, r->stream) != length)
        safetensors_complain(r, "cannot be read: %s", strerror(errno));
    else if (text[0] != '{')
        safetensors_complain(r, "is no safetensors file: its header does not begin with '{'");
    else if (!(r->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error)))
        safetensors_complain(r, "its header is not valid JSON: %s", error.text);
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
        return safetensors_complain(r, "is no safetensors file: it has only %llu bytes",
                                    (unsigned long long)size);
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)bytes[i] << (8 * i);
    if (length > MOST_HEADER || length > size - 8 || length < 2)
        return safetensors_complain(
            r, "is truncated or no safetensors file: its header would have %llu bytes",
            (unsigned long long)length);
    r->data_at = 8 + length;
    r->data_bytes = size - r->data_at;
    return parse_header(r, (size_t)length);
}

bool safetensors_numbers(const json_t *array, size_t count, uint64_t *out)
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
        if (!safetensors_numbers(json_object_get(entry, "data_offsets"), 2, range) ||
            range[0] > range[1])
            return safetensors_complain(
                r, "tensor '%.40s': expected data_offsets of a begin and an end", name);
        if (range[1] > r->data_bytes)
            return safetensors_complain(r, "is truncated: tensor '%.40s' ends at byte %llu of %llu",
                                        name, (unsigned long long)range[1],
                                        (unsigned long long)r->data_bytes);
        *vector_push(&r->extents, &r->count, &r->room) = (struct extent){range[0], range[1], name};
    }
    if (r->count)
        qsort(r->extents, (size_t)r->count, sizeof *r->extents, by_begin);
    for (int i = 0; i < r->count; at = r->extents[i++].end)
        if (r->extents[i].begin != at)
            return safetensors_complain(r, "tensor '%.40s' %s", r->extents[i].name,
                                        r->extents[i].begin < at ? "overlaps another"
                                                                 : "follows a gap");
    return at == r->data_bytes || safetensors_complain(r, "has %llu bytes behind its last tensor",
                                                       (unsigned long long)(r->data_bytes - at));
}

bool safetensors_open(struct reader *r)
{
    return read_header(r) && check_extents(r);
}

void safetensors_close(struct reader *r)
{
    if (r->stream)
        fclose(r->stream);
    json_decref(r->header);
    free(r->extents);
}
