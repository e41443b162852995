/* LIBSVM's text (Chang and Lin, LIBSVM: a library for support vector machines, 2011): a row is a
 * label, then `index:value` of what is not 0, indices from 1 and ascending; '#' begins a comment.
 * Class labels are whole numbers, such as -1 and +1, and are numbered from 0 in ascending order;
 * with target=real they are values to be predicted. Values are taken as they are. Kept in memory as
 * it is written, sparse. */
#include "../dataset.h"
#include "../lines.h"
#include "../words.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH_MOST = 1 << 30, LEAST_ROOM = 4096 };

struct entry {
    uint32_t column;
    float value;
};

struct sparse {
    size_t *begin; /* (rows + 1): a row's entries are [begin[row], begin[row + 1]) */
    double *labels;
    struct entry *entries;
    double *classes; /* ascending; NULL when labels are values */
    size_t rows, row_room, count, room, class_count, width;
};

struct reader {
    struct lines lines;
    struct sparse sparse;
    int target;   /* enum target_kind */
    size_t width; /* as asked for; 0: the largest index */
};

static void sparse_free(struct sparse *sparse)
{
    free(sparse->begin);
    free(sparse->labels);
    free(sparse->entries);
    free(sparse->classes);
}

static void begin_row(struct sparse *sparse, double label)
{
    if (sparse->rows + 1 >= sparse->row_room) {
        sparse->row_room = sparse->row_room ? 2 * sparse->row_room : LEAST_ROOM;
        sparse->begin = memory_resize(sparse->begin, sparse->row_room * sizeof *sparse->begin);
        sparse->labels = memory_resize(sparse->labels, sparse->row_room * sizeof *sparse->labels);
    }
    sparse->begin[sparse->rows] = sparse->count;
    sparse->labels[sparse->rows++] = label;
    sparse->begin[sparse->rows] = sparse->count;
}

static void add_entry(struct sparse *sparse, size_t column, float value)
{
    if (sparse->count == sparse->room) {
        sparse->room = sparse->room ? 2 * sparse->room : LEAST_ROOM;
        sparse->entries = memory_resize(sparse->entries, sparse->room * sizeof *sparse->entries);
    }
    sparse->entries[sparse->count++] = (struct entry){(uint32_t)column, value};
    sparse->begin[sparse->rows] = sparse->count;
    if (column >= sparse->width)
        sparse->width = column + 1;
}

/* ---- Reading. A word is what stands between spaces; a comment ends the line. ---- */

static size_t skip_spaces(const struct lines *lines, size_t at, size_t end)
{
    while (at < end && strchr(" \t\r", lines->line[at]))
        at++;
    return at;
}

static bool take_label(struct reader *r, const char *word, size_t length)
{
    double label;
    if (!lines_number(word, length, &label) || !isfinite((float)label))
        return lines_complain(&r->lines, word, "expected a label: a number");
    if (r->target == TARGET_CLASS && (label != floor(label) || fabs(label) >= CLASSES_MOST))
        return lines_complain(&r->lines, word,
                              "expected a class label: a whole number (or target=real)");
    begin_row(&r->sparse, label);
    return true;
}

static bool take_entry(struct reader *r, const char *word, size_t length, double *last)
{
    size_t colon = lines_span(word, length, ":");
    double index, value;
    if (colon == length || !lines_number(word, colon, &index) || index != floor(index))
        return lines_complain(&r->lines, word, "expected index:value");
    if (index < 1 || index > (r->width ? (double)r->width : (double)WIDTH_MOST))
        return lines_complain(&r->lines, word,
                              r->width ? "expected an index from 1 to `features`"
                                       : "expected an index from 1 to 1073741824");
    if (index <= *last)
        return lines_complain(&r->lines, word, "expected a larger index than the one before");
    if (!lines_number(word + colon + 1, length - colon - 1, &value) || !isfinite((float)value))
        return lines_complain(&r->lines, word + colon + 1,
                              "expected a number that a float can hold");
    add_entry(&r->sparse, (size_t)index - 1, (float)value);
    *last = index;
    return true;
}

static bool read_row(struct reader *r)
{
    const struct lines *lines = &r->lines;
    size_t end = lines_span(lines->line, lines->length, "#"), at = skip_spaces(lines, 0, end);
    double last = 0;
    bool first = true;
    while (at < end) {
        const char *word = lines->line + at;
        size_t length = lines_span(word, end - at, " \t\r");
        if (first ? !take_label(r, word, length) : !take_entry(r, word, length, &last))
            return false;
        first = false;
        at = skip_spaces(lines, at + length, end);
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void number_classes(struct sparse *sparse)
{
    double *sorted = memory_zeroed(sparse->rows, sizeof *sorted);
    memcpy(sorted, sparse->labels, sparse->rows * sizeof *sorted);
    qsort(sorted, sparse->rows, sizeof *sorted, compare);
    for (size_t i = 0; i < sparse->rows; i++)
        if (!i || sorted[i] != sorted[sparse->class_count - 1])
            sorted[sparse->class_count++] = sorted[i];
    sparse->classes = sorted;
}

static bool read_all(struct reader *r)
{
    struct sparse *sparse = &r->sparse;
    while (lines_next(&r->lines))
        if (!read_row(r))
            return false;
    if (!lines_ended(&r->lines))
        return false;
    if (!sparse->count)
        return lines_complain(&r->lines, NULL, "the file holds no rows with values");
    if (r->target == TARGET_CLASS)
        number_classes(sparse);
    sparse->width = r->width ? r->width : sparse->width;
    return true;
}

/* ---- Handing out. ---- */

static void input(const struct dataset *set, size_t row, void *to)
{
    const struct sparse *sparse = set->state;
    float *values = to;
    memset(values, 0, set->width * sizeof *values);
    for (size_t i = sparse->begin[row]; i < sparse->begin[row + 1]; i++)
        values[sparse->entries[i].column] = sparse->entries[i].value;
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    const struct sparse *sparse = set->state;
    const double *label = &sparse->labels[row];
    if (sparse->classes)
        *(int32_t *)to = (int32_t)((double *)bsearch(label, sparse->classes, sparse->class_count,
                                                     sizeof *label, compare) -
                                   sparse->classes);
    else
        *(float *)to = (float)*label;
}

static void release(struct dataset *set)
{
    sparse_free(set->state);
    free(set->state);
}

static struct dataset *build(const struct sparse *read)
{
    struct dataset *set = dataset_make("libsvm", read->rows);
    struct sparse *kept = memory_zeroed(1, sizeof *kept);
    *kept = *read;
    set->width = kept->width;
    set->classes = kept->class_count;
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = kept;
    return set;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct reader r = {.lines = {.errors = errors}};
    struct data_file file = {0};
    struct dataset *set = NULL;
    struct data_option options[] = {
        {.key = "target", .choice = &r.target, .words = target_words},
        {.key = "features", .count = &r.width, .low = 1, .high = WIDTH_MOST},
        {0},
    };
    struct data_words words = {.usage = "libsvm:PATH[,target=real][,features=N]",
                               .least = 1,
                               .most = 1,
                               .options = options};
    r.lines.file = &file;
    if (data_words_read(&words, request, errors) &&
        data_file_open(&file, words.paths[0], request->where, errors) && read_all(&r))
        set = build(&r.sparse);
    else
        sparse_free(&r.sparse);
    data_file_close(&file);
    data_words_release(&words);
    return set;
}

const struct dataset_ops dataset_libsvm = {
    .name = "libsvm",
    .summary = "LIBSVM's sparse rows; labels are numbered from 0 in ascending order",
    .options = "PATH[,target=class|real][,features=N]",
    .open = open,
};
