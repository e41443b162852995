/* Contract: every member opens, its labels and features are in range, and the same seed gives the
 * same bytes. Then what is wrong with files. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/data/data.h"

#include <stdlib.h>
#include <unistd.h>

static char csv_path[64], csv_text[80];

static const char *csv_with(const char *content, size_t length)
{
    snprintf(csv_path, sizeof csv_path, "/tmp/threadrack-data-%d.csv", (int)getpid());
    snprintf(csv_text, sizeof csv_text, "csv:%s", csv_path);
    FILE *stream = fopen(csv_path, "w");
    CHECK_FATAL(stream != NULL);
    fwrite(content, 1, length, stream);
    fclose(stream);
    return csv_text;
}

static struct dataset *open_set(const char *text)
{
    struct errors errors;
    errors_init(&errors);
    struct dataset *set = dataset_open(
        &(struct dataset_request){.text = text, .where = "data", .seed = 5, .context = 16},
        &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(set != NULL && errors.count == 0);
    return set;
}

static const char *example_of(const struct dataset_ops *ops)
{
    if (!strcmp(ops->name, "csv"))
        return csv_with("a,b,label\n1,2.5,0\n-3e-2, 4 ,2\r\n\n5,6,1\n", 38);
    return strcmp(ops->name, "synthetic") ? ops->name : "synthetic:rows=50,features=7,classes=3";
}

/* A row of each kind, as elements of four bytes. */
static int32_t *row_of(const struct dataset *set, size_t row)
{
    int32_t *elements = memory_zeroed(set->width + set->target_width, sizeof *elements);
    dataset_copy_input(set, row, elements);
    dataset_copy_targets(set, row, elements + set->width);
    return elements;
}

static float value_at(const struct dataset *set, size_t row, size_t column)
{
    int32_t *elements = row_of(set, row);
    float value = ((float *)elements)[column];
    free(elements);
    return value;
}

static int32_t label_at(const struct dataset *set, size_t row)
{
    int32_t *elements = row_of(set, row), label = elements[set->width];
    free(elements);
    return label;
}

static void in_range(const int32_t *elements, size_t count, size_t bound)
{
    for (size_t i = 0; i < count; i++)
        CHECK(bound ? elements[i] >= 0 && (size_t)elements[i] < bound
                    : isfinite(((const float *)elements)[i]));
}

static void check_rows(const struct dataset *a, const struct dataset *b)
{
    size_t width = a->width + a->target_width;
    for (size_t i = 0; i < a->rows; i += 1 + a->rows / 1000) {
        int32_t *row = row_of(a, i), *same = row_of(b, i);
        in_range(row, a->width, a->vocabulary);
        in_range(row + a->width, a->target_width, a->classes);
        CHECK(!memcmp(row, same, width * sizeof *row));
        free(row);
        free(same);
    }
}

static void every_member_opens(void)
{
    for (int i = 0; datasets[i]; i++) {
        CHECK(datasets[i]->summary && datasets[i]->options);
        struct dataset *a = open_set(example_of(datasets[i])),
                       *b = open_set(example_of(datasets[i]));
        struct image_shape image = a->image;
        CHECK(a->train_rows > 0 && a->train_rows + a->test_rows <= a->rows);
        CHECK(!image.channels || image.channels * image.height * image.width == a->width);
        check_rows(a, b);
        dataset_free(a);
        dataset_free(b);
    }
    unlink(csv_path);
}

static void digits_are_the_digits(void)
{
    struct dataset *set = open_set("digits");
    CHECK_EQUAL(set->rows, 1797);
    CHECK_EQUAL(set->width, 64);
    CHECK_EQUAL(set->classes, 10);
    CHECK_NEAR(value_at(set, 0, 2), 5.0 / 16, 0);
    CHECK_NEAR(value_at(set, 1, 3), 12.0 / 16, 0);
    CHECK_EQUAL(label_at(set, 0), 0);
    CHECK_EQUAL(label_at(set, 2), 2);
    CHECK_EQUAL(label_at(set, 1796), 8);
    dataset_free(set);
}

static void csv_is_read(void)
{
    const char *text = "x,y,label\n1,2.5,0\n-3e-2, 4 ,2\r\n\n5,6,1";
    struct dataset *set = open_set(csv_with(text, strlen(text)));
    CHECK_EQUAL(set->rows, 3);
    CHECK_EQUAL(set->width, 2);
    CHECK_EQUAL(set->classes, 3);
    CHECK_NEAR(value_at(set, 1, 0), -0.03, 1e-9);
    CHECK_NEAR(value_at(set, 2, 1), 6, 0);
    CHECK_EQUAL(label_at(set, 1), 2);
    dataset_free(set);
    unlink(csv_path);
}

static void refused(const char *text, const char *expected)
{
    struct errors errors;
    errors_init(&errors);
    CHECK(dataset_open(&(struct dataset_request){.text = text, .where = "data", .context = 16},
                       &errors) == NULL);
    CHECK_EQUAL(errors.count, 1);
    if (errors.count && !strstr(errors.messages[0], expected)) {
        fprintf(stderr, "\n%s: said \"%s\", should say \"%s\"\n", text, errors.messages[0],
                expected);
        CU_FAIL("another message");
    }
    errors_release(&errors);
}

static void wrong_files_are_refused(void)
{
    static const struct {
        const char *content;
        size_t length;
        const char *expected;
    } cases[] = {
        {"", 0, ":1:1: the file holds no rows"},
        {"\n\n", 2, ":1:1: the file holds no rows"},
        {"a,b\n", 4, ":1:1: the file holds no rows"},
        {"1,2,0\n1,2\n", 10, ":2:4: fewer columns"},
        {"1,2,0\n1,2,3,0\n", 14, ":2:7: more columns"},
        {"1,2,0\n1,x,0\n", 12, ":2:3: expected a number"},
        {"1,2,0\n1,,0\n", 11, ":2:3: expected a number"},
        {"1,2,0\n0x10,2,0\n", 15, ":2:1: expected a number"},
        {"1,2,0\nnan,2,0\n", 14, ":2:1: expected a number"},
        {"1,2,0\n1e99,2,0\n", 15, ":2:1: expected a number that a float can hold"},
        {"1,2,-1\n", 7, ":1:5: expected a label"},
        {"1,2,0.5\n", 8, ":1:5: expected a label"},
        {"1,2,4e9\n", 8, ":1:5: expected a label"},
        {"1\n2\n", 4, ":1:1: expected features and a label"},
        {"1,2,0\n1,\0002,0\n", 13, ":2:3: a zero byte"},
        {"1,2,0\n", 6, "too few"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(csv_with(cases[i].content, cases[i].length), cases[i].expected);
    unlink(csv_path);
    refused("csv:/nowhere/at-all.csv", "cannot open '/nowhere/at-all.csv'");
    refused("csv:/tmp", "/tmp");
    refused("csv", "expected csv:PATH");
}

static void wrong_words_are_refused(void)
{
    refused("digit", "did you mean 'digits'");
    refused("digits:rows=3", "takes no options");
    refused("synthetic:row=3", "did you mean 'rows'");
    refused("synthetic:rows=0", "from 1 to");
    refused("synthetic:rows=1e9x", "rows=1e9x");
    refused("synthetic:rows=5,classes=10", "10 classes are more than 5 rows");
}

static void shapes_alone_hold_no_data(void)
{
    struct errors errors;
    errors_init(&errors);
    struct dataset_request request = {.text = "synthetic:rows=1000000000,features=1000000",
                                      .where = "data",
                                      .train_rows = 5,
                                      .shapes_only = true};
    struct dataset *set = dataset_open(&request, &errors);
    CHECK_FATAL(set != NULL);
    CHECK(set->input == NULL && set->state == NULL && set->train_rows == 5);
    CHECK_EQUAL(set->test_rows, DATASET_TEST_ROWS);
    dataset_free(set);
    request.text = "digits";
    request.train_rows = 1798;
    CHECK(dataset_open(&request, &errors) == NULL);
    request.train_rows = 1700;
    request.test_rows = 98;
    CHECK(dataset_open(&request, &errors) == NULL);
    CHECK_EQUAL(errors.count, 2);
    errors_release(&errors);
}

SUITE("data: datasets", TEST(every_member_opens), TEST(digits_are_the_digits), TEST(csv_is_read),
      TEST(wrong_files_are_refused), TEST(wrong_words_are_refused),
      TEST(shapes_alone_hold_no_data));
