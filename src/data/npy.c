#include "npy.h"

#include <string.h>

enum { MAGIC = 6, VERSION_AT = MAGIC, LENGTH_AT = MAGIC + 2, DIMENSIONS_MOST = 4, DESCR_MOST = 16 };

/* A reader of the dictionary, which is Python's text. */
struct cursor {
    const struct data_file *file;
    size_t at, end;
    struct errors *errors;
};

struct header {
    char descr[DESCR_MOST];
    size_t descr_at;
    bool fortran_order, has_order;
    size_t dimensions[DIMENSIONS_MOST];
    int count; /* of dimensions; 0: the shape has not been read */
};

static bool expected(const struct cursor *c, const char *what)
{
    return data_file_complain(c->file, c->at, c->errors, "expected %s", what);
}

static int peek(const struct cursor *c)
{
    return c->at < c->end ? c->file->bytes[c->at] : -1;
}

/* Passes over spaces and, where it is next, the byte. */
static bool take(struct cursor *c, char byte)
{
    while (peek(c) == ' ' || peek(c) == '\n')
        c->at++;
    bool next = peek(c) == byte;
    c->at += next;
    return next;
}

static bool take_text(struct cursor *c, const char *word)
{
    size_t length = strlen(word);
    take(c, ' ');
    bool next = c->end - c->at >= length && !memcmp(c->file->bytes + c->at, word, length);
    c->at += next ? length : 0;
    return next;
}

static bool take_string(struct cursor *c, char *out, size_t room)
{
    char quote = take(c, '"') ? '"' : '\'';
    if (quote == '\'' && !take(c, '\''))
        return expected(c, "a text between quotes");
    size_t length = 0;
    while (peek(c) >= ' ' && peek(c) != quote && length + 1 < room)
        out[length++] = (char)c->file->bytes[c->at++];
    out[length] = 0;
    return take(c, quote) || expected(c, "a shorter text, which ends in a quote");
}

static bool take_number(struct cursor *c, size_t *out)
{
    bool good = false;
    take(c, ' ');
    for (*out = 0; peek(c) >= '0' && peek(c) <= '9'; c->at++, good = true) {
        size_t digit = (size_t)peek(c) - '0';
        if (__builtin_mul_overflow(*out, (size_t)10, out) ||
            __builtin_add_overflow(*out, digit, out))
            return expected(c, "a smaller number");
    }
    take(c, 'L'); /* Python 2's */
    return good || expected(c, "a whole number");
}

static bool take_shape(struct cursor *c, struct header *header)
{
    header->count = 0;
    if (!take(c, '('))
        return expected(c, "a shape, as (60000, 784)");
    while (!take(c, ')')) {
        if (header->count == DIMENSIONS_MOST)
            return expected(c, "four dimensions at most");
        if (!take_number(c, &header->dimensions[header->count++]))
            return false;
        if (!take(c, ',') && peek(c) != ')')
            return expected(c, "a comma or a bracket");
    }
    return header->count || expected(c, "an array of rows, not a single number");
}

static bool take_order(struct cursor *c, struct header *header)
{
    header->fortran_order = take_text(c, "True");
    header->has_order = header->fortran_order || take_text(c, "False");
    return header->has_order || expected(c, "True or False");
}

static bool take_descr(struct cursor *c, struct header *header)
{
    take(c, ' ');
    header->descr_at = c->at;
    return take_string(c, header->descr, sizeof header->descr);
}

static bool take_entry(struct cursor *c, struct header *header)
{
    static const struct {
        const char *key;
        bool (*take)(struct cursor *c, struct header *header);
    } entries[] = {{"descr", take_descr}, {"fortran_order", take_order}, {"shape", take_shape}};
    char key[DESCR_MOST];
    size_t at = c->at;
    if (!take_string(c, key, sizeof key))
        return false;
    if (!take(c, ':'))
        return expected(c, "a colon");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (!strcmp(entries[i].key, key))
            return entries[i].take(c, header);
    c->at = at;
    return expected(c, "'descr', 'fortran_order' or 'shape'");
}

static bool take_dictionary(struct cursor *c, struct header *header)
{
    if (!take(c, '{'))
        return expected(c, "a dictionary, which begins with {");
    while (!take(c, '}')) {
        if (!take_entry(c, header))
            return false;
        if (!take(c, ',') && peek(c) != '}')
            return expected(c, "a comma or }");
    }
    if (take(c, ' '), c->at < c->end)
        return expected(c, "nothing but spaces behind the dictionary");
    return (*header->descr && header->has_order && header->count) ||
           expected(c, "a dictionary with descr, fortran_order and shape");
}

static bool read_type(struct array *array, const struct header *header, struct errors *errors)
{
    static const struct {
        char letter;
        int least, most; /* bytes */
        int kind;
    } types[] = {{'b', 1, 1, ARRAY_UNSIGNED},
                 {'u', 1, 8, ARRAY_UNSIGNED},
                 {'i', 1, 8, ARRAY_SIGNED},
                 {'f', 4, 8, ARRAY_FLOAT}};
    const char *descr = header->descr;
    int bytes = strlen(descr) == 3 ? descr[2] - '0' : 0;
    bool order = descr[0] == '<' || descr[0] == '>' || (descr[0] == '|' && bytes == 1);
    bool power = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
    for (size_t i = 0; order && power && i < sizeof types / sizeof *types; i++) {
        if (descr[1] != types[i].letter || bytes < types[i].least || bytes > types[i].most)
            continue;
        array->type = (struct array_type){bytes, types[i].kind, descr[0] == '>'};
        return true;
    }
    return data_file_complain(array->file, header->descr_at, errors,
                              "numbers of type '%s' cannot be read; whole numbers and f4 and f8 can",
                              descr);
}

/* Where the dictionary begins and ends. */
static bool find_dictionary(struct cursor *c)
{
    const struct data_file *file = c->file;
    if (file->length >= 2 && !memcmp(file->bytes, "PK", 2))
        return expected(c, "one array: this is an archive of several (.npz); save each by np.save");
    if (file->length < LENGTH_AT || memcmp(file->bytes, "\x93NUMPY", MAGIC))
        return expected(c, "0x93 NUMPY, as a .npy file begins");
    int major = file->bytes[VERSION_AT], bytes = major == 1 ? 2 : 4;
    c->at = VERSION_AT;
    if (major < 1 || major > 3)
        return expected(c, "version 1, 2 or 3");
    c->at = LENGTH_AT + (size_t)bytes;
    if (c->at <= file->length)
        c->end = c->at + bytes_little(file->bytes + LENGTH_AT, bytes);
    if (c->at <= file->length && c->end <= file->length)
        return true;
    c->at = file->length;
    return expected(c, "the header to go on: the file is cut short");
}

bool npy_read(struct array *array, const struct data_file *file, struct errors *errors)
{
    struct cursor cursor = {.file = file, .errors = errors};
    struct header header = {0};
    array->file = file;
    if (!find_dictionary(&cursor) || !take_dictionary(&cursor, &header) ||
        !read_type(array, &header, errors))
        return false;
    if (header.fortran_order && header.count > 1)
        return data_file_complain(file, header.descr_at, errors,
                                  "the array is in Fortran's order; save np.ascontiguousarray of it");
    array->at = cursor.end;
    return array_shape(array, header.dimensions, header.count, errors);
}
