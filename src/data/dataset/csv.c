/* Comma-separated numbers, the last column the label: 0, 1, 2, ... A first row of words is a
 * header. The first thing that is wrong is reported, with its line and column. */
#include "../dataset.h"

#include "threadrack/base/memory.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 1 << 20 };

struct reader {
    const char *path;
    FILE *stream;
    char *line;
    size_t line_room, number; /* the line's number, from 1 */
    float *values;            /* all columns of all rows */
    size_t count, room;
    size_t rows, columns, classes;
    struct errors *errors;
};

static bool complain(const struct reader *r, const char *at, const char *what)
{
    size_t column = at ? (size_t)(at - r->line) + 1 : 1;
    return errors_add(r->errors, "%s:%zu:%zu: %s", r->path, r->number, column, what);
}

static void keep(struct reader *r, float value)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 4096;
        r->values = memory_resize(r->values, r->room * sizeof *r->values);
    }
    r->values[r->count++] = value;
}

/* A number and nothing else between spaces: hexadecimal and "infinity" are words here. */
static bool read_number(const char *from, size_t length, double *out)
{
    char *end, cell[64];
    while (length && (*from == ' ' || *from == '\t'))
        from++, length--;
    while (length && strchr(" \t\r", from[length - 1]))
        length--;
    if (!length || length >= sizeof cell || strspn(from, "+-.0123456789eE") < length)
        return false;
    memcpy(cell, from, length);
    cell[length] = 0;
    *out = strtod(cell, &end);
    return !*end;
}

static bool is_header(const char *line)
{
    double value;
    for (const char *cell = line;; cell++) {
        size_t length = strcspn(cell, ",");
        if (read_number(cell, length, &value))
            return false;
        cell += length;
        if (!*cell)
            return true;
    }
}

static bool take_label(struct reader *r, const char *cell, double label)
{
    if (!(label >= 0 && label < MOST_CLASSES && label == floor(label)))
        return complain(r, cell, "expected a label: a whole number from 0, below 1048576");
    if ((size_t)label + 1 > r->classes)
        r->classes = (size_t)label + 1;
    return true;
}

static bool read_row(struct reader *r)
{
    size_t columns = 0;
    for (const char *cell = r->line;; cell++) {
        size_t length = strcspn(cell, ",");
        bool last = !cell[length];
        double value;
        if (r->rows && columns >= r->columns)
            return complain(r, cell, "more columns than the rows above");
        if (!read_number(cell, length, &value))
            return complain(r, cell, "expected a number");
        if (!isfinite((float)value))
            return complain(r, cell, "expected a number that a float can hold");
        if (last && !take_label(r, cell, value))
            return false;
        keep(r, (float)value);
        columns++;
        cell += length;
        if (!last)
            continue;
        if (r->rows && columns < r->columns)
            return complain(r, cell, "fewer columns than the rows above");
        if (columns < 2)
            return complain(r, NULL, "expected features and a label, separated by commas");
        r->columns = columns;
        r->rows++;
        return true;
    }
}

static bool read_all(struct reader *r)
{
    ssize_t length;
    while ((length = getline(&r->line, &r->line_room, r->stream)) >= 0) {
        r->number++;
        if (strlen(r->line) != (size_t)length)
            return complain(r, r->line + strlen(r->line), "a zero byte: this is not a text file");
        r->line[strcspn(r->line, "\r\n")] = 0;
        bool blank = strspn(r->line, " \t") == strlen(r->line);
        if (!blank && !(r->number == 1 && is_header(r->line)) && !read_row(r))
            return false;
    }
    if (ferror(r->stream))
        return errors_add_status(r->errors, STATUS_FAILED, "%s: cannot be read: %s", r->path,
                                 strerror(errno));
    if (!r->rows) {
        r->number = 1;
        return complain(r, NULL, "the file holds no rows");
    }
    return true;
}

static struct dataset *build(const struct reader *r, const char *where)
{
    size_t width = r->columns - 1;
    float *inputs = dataset_room(r->rows, width, where, r->errors);
    int32_t *labels = inputs ? dataset_room(r->rows, 1, where, r->errors) : NULL;
    if (!labels) {
        free(inputs);
        return NULL;
    }
    for (size_t i = 0; i < r->rows; i++) {
        const float *row = r->values + i * r->columns;
        memcpy(inputs + i * width, row, width * sizeof *row);
        labels[i] = (int32_t)row[width];
    }
    struct dataset *set = dataset_make("csv", r->rows);
    set->width = width;
    set->classes = r->classes;
    dataset_hold(set, inputs, labels);
    return set;
}

/* With shapes_only, too, all is read: else the shapes are not known. */
static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    const char *colon = strchr(request->text, ':'), *where = request->where;
    struct reader r = {.path = colon ? colon + 1 : "", .errors = errors};
    if (!*r.path) {
        errors_add(errors, "%s: expected csv:PATH", where);
        return NULL;
    }
    r.stream = fopen(r.path, "r");
    if (!r.stream) {
        errors_add(errors, "%s: cannot open '%s': %s", where, r.path, strerror(errno));
        return NULL;
    }
    struct dataset *set = read_all(&r) ? build(&r, where) : NULL;
    fclose(r.stream);
    free(r.line);
    free(r.values);
    return set;
}

const struct dataset_ops dataset_csv = {
    .name = "csv",
    .summary = "a file of numbers, the last column the label",
    .options = "PATH",
    .open = open,
};
