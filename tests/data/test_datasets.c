/* Contract: every member opens, its rows are in range, and the same seed gives the same bytes; what
 * all share out alike. */
#include "tests/data/fixture.h"

static const char csv[] = "a,b,label\n1,2.5,0\n-3e-2, 4 ,2\r\n\n5,6,1\n";
static const char text[] = "All work and no play makes Jack a dull boy.\n";
static const char svm[] = "+1 1:0.5\n-1 2:3\n";
static const char images[] = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01\1\2";
static const char labels[] = "\0\0\x08\x01\0\0\0\x02\1\0";
static const char npy[] = "\x93NUMPY\1\0\x39\0"
                          "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\1\0";
static const char cifar[2 * 3073];

/* The files of what reads some. */
static const struct example {
    const char *name, *files[2];
    struct {
        const char *bytes;
        size_t length;
    } content[2];
} examples[] = {
    {"csv", {"numbers.csv"}, {{csv, sizeof csv - 1}}},
    {"text", {"text.txt"}, {{text, sizeof text - 1}}},
    {"libsvm", {"rows.svm"}, {{svm, sizeof svm - 1}}},
    {"idx", {"images", "labels"}, {{images, sizeof images - 1}, {labels, sizeof labels - 1}}},
    {"npy", {"x.npy", "y.npy"}, {{npy, sizeof npy - 1}, {npy, sizeof npy - 1}}},
    {"cifar10", {"batch.bin"}, {{cifar, sizeof cifar}}},
};

static struct dataset *example_of(const char *name, bool zipped)
{
    struct text words = {0};
    text_add(&words, "%s", name);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (int file = 0; !strcmp(examples[i].name, name) && file < 2; file++) {
            const char *own = examples[i].files[file];
            if (!own)
                continue;
            (zipped ? fixture_gzip : fixture_write)(own, examples[i].content[file].bytes,
                                                    examples[i].content[file].length);
            text_add(&words, "%s%s", file ? "," : ":", fixture_path(own));
        }
    struct dataset *set = fixture_open("%s", words.bytes);
    text_release(&words);
    return set;
}

/* Files are read as they are and gzipped. */
static void every_member_opens(void)
{
    for (int i = 0; datasets[i]; i++) {
        CHECK(datasets[i]->summary && datasets[i]->options);
        struct dataset *a = example_of(datasets[i]->name, false);
        struct dataset *b = example_of(datasets[i]->name, true);
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
    fixture_refused("expected a number from 2 to 1048576", "tokens:vocabulary=1");
    fixture_refused("noise=2: expected a number from 0 to 1", "tokens:noise=2");
    fixture_refused("there are class and real", "teacher:target=reals");
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
