/* Comma-separated numbers, taken as they are, the last column the label: 0, 1, 2, ... (or, with
 * target=real, a value to be predicted). A first row of words is a header. The first thing that is
 * wrong is reported, with its line and column. All numbers are in memory, as floats. */
#include "../dataset.h"
#include "../lines.h"
#include "../words.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct lines lines;
    int target;    /* enum target_kind */
    float *values; /* (rows, columns) */
    size_t count, room;
    size_t rows, columns, classes;
};

static void keep(struct reader *r, float value)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 4096;
        r->values = memory_resize(r->values, r->room * sizeof *r->values);
    }
    r->values[r->count++] = value;
}

static bool is_header(const struct lines *lines)
{
    double value;
    for (size_t at = 0; at <= lines->length; at++) {
        const char *cell = lines->line + at;
        size_t length = lines_span(cell, lines->length - at, ",");
        if (lines_number(cell, length, &value))
            return false;
        at += length;
    }
    return true;
}

static bool take_label(struct reader *r, const char *cell, double label)
{
    if (r->target == TARGET_REAL)
        return true;
    if (!(label >= 0 && label < CLASSES_MOST && label == floor(label)))
        return lines_complain(&r->lines, cell,
                              "expected a label: a whole number from 0, below 1048576");
    if ((size_t)label + 1 > r->classes)
        r->classes = (size_t)label + 1;
    return true;
}

static bool take_cell(struct reader *r, const char *cell, size_t length, size_t column, bool last)
{
    double value;
    if (r->rows && column >= r->columns)
        return lines_complain(&r->lines, cell, "more columns than the rows above");
    if (!lines_number(cell, length, &value))
        return lines_complain(&r->lines, cell, "expected a number");
    if (!isfinite((float)value))
        return lines_complain(&r->lines, cell, "expected a number that a float can hold");
    keep(r, (float)value);
    return !last || take_label(r, cell, value);
}

static bool read_row(struct reader *r)
{
    const struct lines *lines = &r->lines;
    size_t columns = 0;
    for (size_t at = 0; at <= lines->length; at++, columns++) {
        const char *cell = lines->line + at;
        size_t length = lines_span(cell, lines->length - at, ",");
        at += length;
        if (!take_cell(r, cell, length, columns, at == lines->length))
            return false;
    }
    if (r->rows && columns < r->columns)
        return lines_complain(lines, lines->line + lines->length, "fewer columns than the rows above");
    if (columns < 2)
        return lines_complain(lines, lines->line,
                              "expected features and a label, separated by commas");
    r->columns = columns;
    r->rows++;
    return true;
}

static bool read_all(struct reader *r)
{
    while (lines_next(&r->lines))
        if (!(r->lines.number == 1 && is_header(&r->lines)) && !read_row(r))
            return false;
    if (!lines_ended(&r->lines))
        return false;
    return r->rows || lines_complain(&r->lines, NULL, "the file holds no rows");
}

static void input(const struct dataset *set, size_t row, void *to)
{
    const float *values = set->state;
    memcpy(to, values + row * (set->width + 1), set->width * sizeof *values);
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    const float *values = set->state, *target = values + row * (set->width + 1) + set->width;
    if (set->classes)
        *(int32_t *)to = (int32_t)*target;
    else
        *(float *)to = *target;
}

static void release(struct dataset *set)
{
    free(set->state);
}

static struct dataset *build(const struct reader *r)
{
    struct dataset *set = dataset_make("csv", r->rows);
    set->width = r->columns - 1;
    set->classes = r->classes;
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = r->values;
    return set;
}

/* With shapes_only, too, all is read: else the shapes are not known. */
static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct reader r = {.lines = {.errors = errors}};
    struct data_file file = {0};
    struct dataset *set = NULL;
    struct data_option options[] = {
        {.key = "target", .choice = &r.target, .words = target_words}, {0}};
    struct data_words words = {
        .usage = "csv:PATH[,target=real]", .least = 1, .most = 1, .options = options};
    r.lines.file = &file;
    if (data_words_read(&words, request, errors) &&
        data_file_open(&file, words.paths[0], request->where, errors) && read_all(&r))
        set = build(&r);
    else
        free(r.values);
    data_file_close(&file);
    data_words_release(&words);
    return set;
}

const struct dataset_ops dataset_csv = {
    .name = "csv",
    .summary = "a file of numbers, the last column the label, counted from 0",
    .options = "PATH[,target=class|real]",
    .open = open,
};
