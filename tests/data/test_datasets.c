/* Contract: every member opens, its rows are in range, and the same seed gives the same bytes; what
 * all share out alike. */
#include "tests/data/fixture.h"

static struct dataset *example_of(const char *name)
{
    static const char csv[] = "a,b,label\n1,2.5,0\n-3e-2, 4 ,2\r\n\n5,6,1\n";
    static const char text[] = "All work and no play makes Jack a dull boy.\n";
    fixture_write("numbers.csv", csv, sizeof csv - 1);
    fixture_gzip("text.gz", text, sizeof text - 1);
    if (!strcmp(name, "csv"))
        return fixture_open("csv:%s", fixture_path("numbers.csv"));
    if (!strcmp(name, "text"))
        return fixture_open("text:%s", fixture_path("text.gz"));
    if (!strcmp(name, "synthetic"))
        return fixture_open("synthetic:rows=50,features=7,classes=3");
    return fixture_open("%s", name);
}

static void every_member_opens(void)
{
    for (int i = 0; datasets[i]; i++) {
        CHECK(datasets[i]->summary && datasets[i]->options);
        struct dataset *a = example_of(datasets[i]->name), *b = example_of(datasets[i]->name);
        struct image_shape image = a->image;
        CHECK(a->train_rows > 0 && a->train_rows + a->test_rows <= a->rows);
        CHECK(!image.channels || image.channels * image.height * image.width == a->width);
        fixture_check_rows(a, b);
        dataset_free(a);
        dataset_free(b);
    }
    fixture_clear();
}

static void digits_are_the_digits(void)
{
    struct dataset *set = fixture_open("digits");
    CHECK_EQUAL(set->rows, 1797);
    CHECK_EQUAL(set->width, 64);
    CHECK_EQUAL(set->classes, 10);
    CHECK_EQUAL(set->image.height, 8);
    CHECK_NEAR(value_at(set, 0, 2), 5.0 / 16, 0);
    CHECK_NEAR(value_at(set, 1, 3), 12.0 / 16, 0);
    CHECK_EQUAL(label_at(set, 0), 0);
    CHECK_EQUAL(label_at(set, 2), 2);
    CHECK_EQUAL(label_at(set, 1796), 8);
    dataset_free(set);
}

static void the_dictionary_is_whole(void)
{
    struct dataset *set = fixture_open("devils-dictionary");
    size_t letters = 0;
    CHECK_EQUAL(set->rows, (383186 - 1) / CONTEXT);
    CHECK_EQUAL(set->vocabulary, 128);
    CHECK_EQUAL(set->classes, 128);
    CHECK_EQUAL(set->target_width, CONTEXT);
    for (size_t i = 0; i + 1 < set->rows; i++) {
        CHECK_EQUAL(token_at(set, i, CONTEXT + CONTEXT - 1), token_at(set, i + 1, 0));
        letters += token_at(set, i, 3) == 'e';
    }
    CHECK(letters > set->rows / 20);
    dataset_free(set);
}

static void windows_follow_each_other(void)
{
    char bytes[3 * CONTEXT + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i + 40);
    fixture_write("text", bytes, sizeof bytes);
    struct dataset *set = fixture_open("text:%s", fixture_path("text"));
    CHECK_EQUAL(set->rows, 3);
    CHECK_EQUAL(set->vocabulary, 128);
    CHECK_EQUAL(token_at(set, 2, 1), 40 + 2 * CONTEXT + 1);
    CHECK_EQUAL(token_at(set, 2, CONTEXT + CONTEXT - 1), 40 + 3 * CONTEXT);
    dataset_free(set);
    bytes[sizeof bytes - 2] = (char)200;
    fixture_write("text", bytes, sizeof bytes - 1);
    set = fixture_open("text:%s", fixture_path("text"));
    CHECK_EQUAL(set->rows, 2);
    CHECK_EQUAL(set->vocabulary, 256);
    dataset_free(set);
    fixture_write("text", bytes, CONTEXT);
    fixture_refused("byte 16: the text ends before one window", "text:%s", fixture_path("text"));
    fixture_clear();
}

static void wrong_words_are_refused(void)
{
    fixture_refused("did you mean 'digits'", "digit");
    fixture_refused("takes no options", "digits:rows=3");
    fixture_refused("takes no options", "devils-dictionary:x");
    fixture_refused("expected text:PATH", "text");
    fixture_refused("expected text:PATH", "text:");
    fixture_refused("expected text:PATH", "text:a,b");
    fixture_refused("takes no options; expected text:PATH", "text:a,target=real");
    fixture_refused("did you mean 'rows'", "synthetic:row=3");
    fixture_refused("from 1 to", "synthetic:rows=0");
    fixture_refused("rows=1e9x", "synthetic:rows=1e9x");
    fixture_refused("10 classes are more than 5 rows", "synthetic:rows=5,classes=10");
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
    errors_release(&errors);
}

static void rows_are_shared_out(void)
{
    struct errors errors;
    errors_init(&errors);
    struct dataset_request request = {.text = "digits", .where = "data"};
    struct dataset *set = dataset_open(&request, &errors);
    CHECK_EQUAL(set->train_rows, 1437);
    CHECK_EQUAL(set->test_rows, 360);
    dataset_free(set);
    request.train_rows = 1798;
    CHECK(dataset_open(&request, &errors) == NULL);
    request.train_rows = 1700;
    request.test_rows = 98;
    CHECK(dataset_open(&request, &errors) == NULL);
    CHECK_EQUAL(errors.count, 2);
    errors_release(&errors);
}

static void lists_are_cut_at_names(void)
{
    CHECK(dataset_continues("csv:a,b", "b"));
    CHECK(dataset_continues("text:a,synthetics", "synthetics"));
    CHECK(!dataset_continues("csv:a,digits", "digits"));
    CHECK(!dataset_continues("csv:a,text:b", "text:b"));
    CHECK(!dataset_continues("digits,digts", "digts"));
    CHECK(!dataset_continues("digits,text:a", "text:a"));
}

SUITE("data: datasets", TEST(every_member_opens), TEST(digits_are_the_digits),
      TEST(the_dictionary_is_whole), TEST(windows_follow_each_other),
      TEST(wrong_words_are_refused), TEST(shapes_alone_hold_no_data), TEST(rows_are_shared_out),
      TEST(lists_are_cut_at_names));
