#include "tests/data/fixture.h"

#include "threadrack/base/memory.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { PATHS = 8, NAMES = 32 };

static char folder[40]; /* empty: there is none now */
static char names[NAMES][32];
static int name_count;

const char *fixture_path(const char *name)
{
    static char paths[PATHS][96];
    static int turn;
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/threadrack-data-XXXXXX");
        CHECK_FATAL(mkdtemp(folder) != NULL);
    }
    char *path = paths[turn++ % PATHS];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* A file of its own even where one of that name is still mapped. */
static const char *new_path(const char *name)
{
    unlink(fixture_path(name));
    for (int i = 0; i < name_count; i++)
        if (!strcmp(names[i], name))
            return fixture_path(name);
    CHECK_FATAL(name_count < NAMES);
    snprintf(names[name_count++], sizeof names[0], "%s", name);
    return fixture_path(name);
}

void fixture_write(const char *name, const void *bytes, size_t length)
{
    FILE *stream = fopen(new_path(name), "w");
    CHECK_FATAL(stream != NULL);
    fwrite(bytes, 1, length, stream);
    fclose(stream);
}

void fixture_gzip(const char *name, const void *bytes, size_t length)
{
    gzFile stream = gzopen(new_path(name), "wb");
    CHECK_FATAL(stream != NULL);
    gzwrite(stream, bytes, (unsigned)length);
    gzclose(stream);
}

void fixture_clear(void)
{
    while (name_count)
        unlink(fixture_path(names[--name_count]));
    rmdir(folder);
    *folder = 0;
}

static struct dataset *open_text(const char *text, bool shapes_only, struct errors *errors)
{
    struct dataset_request request = {.text = text,
                                      .where = "data",
                                      .seed = 5,
                                      .context = CONTEXT,
                                      .shapes_only = shapes_only,
                                      .shuffled = true};
    errors_init(errors);
    return dataset_open(&request, errors);
}

struct dataset *fixture_open(const char *format, ...)
{
    va_list arguments;
    char text[512];
    struct errors errors;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct dataset *set = open_text(text, false, &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(set != NULL && errors.count == 0);
    struct dataset *shapes = open_text(text, true, &errors);
    CHECK_FATAL(shapes != NULL);
    CHECK_EQUAL(shapes->rows, set->rows);
    CHECK_EQUAL(shapes->width, set->width);
    CHECK_EQUAL(shapes->classes, set->classes);
    dataset_free(shapes);
    return set;
}

void fixture_refused(const char *expected, const char *format, ...)
{
    va_list arguments;
    char text[512];
    struct errors errors;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct dataset *set = open_text(text, false, &errors);
    const char *said = errors.count ? errors.messages[0] : "nothing";
    bool as_expected = !set && errors.count == 1 && strstr(said, expected);
    if (!as_expected)
        fprintf(stderr, "\n%s: said \"%s\", should say \"%s\"\n", text, said, expected);
    CHECK(as_expected);
    dataset_free(set);
    errors_release(&errors);
}

int32_t *fixture_row(const struct dataset *set, size_t row)
{
    int32_t *elements = memory_zeroed(set->width + set->target_width, sizeof *elements);
    dataset_copy_input(set, row, elements);
    dataset_copy_targets(set, row, elements + set->width);
    return elements;
}

static int32_t element_at(const struct dataset *set, size_t row, size_t column)
{
    int32_t *elements = fixture_row(set, row), element = elements[column];
    free(elements);
    return element;
}

static float as_float(int32_t element)
{
    float value;
    memcpy(&value, &element, sizeof value);
    return value;
}

float value_at(const struct dataset *set, size_t row, size_t column)
{
    return as_float(element_at(set, row, column));
}

int32_t token_at(const struct dataset *set, size_t row, size_t column)
{
    return element_at(set, row, column);
}

int32_t label_at(const struct dataset *set, size_t row)
{
    return element_at(set, row, set->width);
}

float target_at(const struct dataset *set, size_t row, size_t column)
{
    return value_at(set, row, set->width + column);
}

static void check_range(const int32_t *elements, size_t count, size_t bound)
{
    for (size_t i = 0; i < count; i++)
        CHECK(bound ? elements[i] >= 0 && (size_t)elements[i] < bound
                    : isfinite(as_float(elements[i])));
}

void fixture_check_rows(const struct dataset *set, const struct dataset *same)
{
    size_t width = set->width + set->target_width;
    for (size_t i = 0; i < set->rows; i += 1 + set->rows / 1000) {
        int32_t *a = fixture_row(set, i), *b = fixture_row(same, i);
        check_range(a, set->width, set->vocabulary);
        check_range(a + set->width, set->target_width, set->classes);
        CHECK(!memcmp(a, b, width * sizeof *a));
        free(a);
        free(b);
    }
}
