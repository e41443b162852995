/* LIBSVM's sparse rows. */
#include "tests/data/fixture.h"

static const char rows[] = "# made by hand\n"
                           "+1 1:0.5 3:2 # a comment\n"
                           "-1 2:1e-1\r\n"
                           "\n"
                           "+1\n"
                           "7 3:-4\n";

static void libsvm_is_read(void)
{
    fixture_gzip("rows.gz", rows, sizeof rows - 1);
    struct dataset *set = fixture_open("libsvm:%s", fixture_path("rows.gz"));
    CHECK_EQUAL(set->rows, 4);
    CHECK_EQUAL(set->width, 3);
    CHECK_EQUAL(set->classes, 3);
    CHECK_EQUAL(label_at(set, 0), 1);
    CHECK_EQUAL(label_at(set, 1), 0);
    CHECK_EQUAL(label_at(set, 3), 2);
    CHECK_NEAR(value_at(set, 0, 0), 0.5, 0);
    CHECK_NEAR(value_at(set, 0, 1), 0, 0);
    CHECK_NEAR(value_at(set, 1, 1), 0.1, 1e-7);
    CHECK_NEAR(value_at(set, 2, 2), 0, 0);
    CHECK_NEAR(value_at(set, 3, 2), -4, 0);
    dataset_free(set);
    set = fixture_open("libsvm:%s,features=10,target=real", fixture_path("rows.gz"));
    CHECK_EQUAL(set->width, 10);
    CHECK_EQUAL(set->classes, 0);
    CHECK_NEAR(target_at(set, 3, 0), 7, 0);
    dataset_free(set);
    fixture_refused(":2:10: expected an index from 1 to `features`", "libsvm:%s,features=2",
                    fixture_path("rows.gz"));
    fixture_clear();
}

static void wrong_files_are_refused(void)
{
    static const struct {
        const char *content, *expected;
    } cases[] = {
        {"", ":1:1: the file holds no rows"},
        {"1\n2\n", ":1:1: the file holds no rows with values"},
        {"1 1:2\na 1:2\n", ":2:1: expected a label"},
        {"1.5 1:2\n", ":1:1: expected a class label"},
        {"1 0:2\n", ":1:3: expected an index from 1"},
        {"1 1:2 1:3\n", ":1:7: expected a larger index"},
        {"1 5000000000:3\n", ":1:3: expected an index from 1"},
        {"1 1.5:3\n", ":1:3: expected index:value"},
        {"1 qid:3\n", ":1:3: expected index:value"},
        {"1 1\n", ":1:3: expected index:value"},
        {"1 1:\n", ":1:5: expected a number"},
        {"1 1:nan\n", ":1:5: expected a number"},
        {"1 1:1e300\n", ":1:5: expected a number that a float can hold"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write("wrong", cases[i].content, strlen(cases[i].content));
        fixture_refused(cases[i].expected, "libsvm:%s", fixture_path("wrong"));
    }
    fixture_write("wrong", "1 1:2\n2 1\0002\n", 13);
    fixture_refused(":2:4: a zero byte", "libsvm:%s", fixture_path("wrong"));
    fixture_clear();
}

SUITE("data: libsvm", TEST(libsvm_is_read), TEST(wrong_files_are_refused));
