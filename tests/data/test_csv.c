/* Comma-separated numbers, and what is wrong with them. */
#include "tests/data/fixture.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

static struct dataset *csv_of(const char *content)
{
    fixture_write("numbers.csv", content, strlen(content));
    return fixture_open("csv:%s", fixture_path("numbers.csv"));
}

static void csv_is_read(void)
{
    struct dataset *set = csv_of("x,y,label\n1,2.5,0\n-3e-2, 4 ,2\r\n\n5,6,1");
    CHECK_EQUAL(set->rows, 3);
    CHECK_EQUAL(set->width, 2);
    CHECK_EQUAL(set->classes, 3);
    CHECK_NEAR(value_at(set, 1, 0), -0.03, 1e-9);
    CHECK_NEAR(value_at(set, 2, 1), 6, 0);
    CHECK_EQUAL(label_at(set, 1), 2);
    dataset_free(set);
    fixture_clear();
}

static void a_byte_order_mark_is_no_part_of_the_first_line(void)
{
    static const char mark[] = "\xef\xbb\xbf", *const content[] = {"1,2.5,0\n-3,4,2\n", "x,y,label\n1,2.5,0\n-3,4,2\n"};
    for (size_t i = 0; i < sizeof content / sizeof *content; i++) {
        char *marked = memory_text("%s%s", mark, content[i]);
        struct dataset *set = csv_of(marked);
        CHECK_EQUAL(set->rows, 2);
        CHECK_NEAR(value_at(set, 0, 1), 2.5, 0);
        dataset_free(set);
        fixture_clear();
        free(marked);
    }
}

static void values_may_be_predicted(void)
{
    static const char content[] = "1,0.5\n2,-1.5e3\n3,7\n";
    fixture_gzip("numbers.csv.gz", content, sizeof content - 1);
    struct dataset *set = fixture_open("csv:%s,target=real", fixture_path("numbers.csv.gz"));
    CHECK_EQUAL(set->classes, 0);
    CHECK_EQUAL(set->target_width, 1);
    CHECK_NEAR(value_at(set, 1, 0), 2, 0);
    CHECK_NEAR(target_at(set, 1, 0), -1500, 0);
    dataset_free(set);
    fixture_refused("(inflated):1:3: expected a label", "csv:%s", fixture_path("numbers.csv.gz"));
    fixture_clear();
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
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write("wrong.csv", cases[i].content, cases[i].length);
        fixture_refused(cases[i].expected, "csv:%s", fixture_path("wrong.csv"));
    }
    fixture_clear();
    fixture_refused("cannot open '/nowhere/at-all.csv'", "csv:/nowhere/at-all.csv");
    fixture_refused("/tmp", "csv:/tmp");
    fixture_refused("expected csv:PATH", "csv");
    fixture_refused("did you mean 'target'", "csv:a,targt=real");
    fixture_refused("there are class and real", "csv:a,target=word");
}

SUITE("data: csv", TEST(csv_is_read), TEST(a_byte_order_mark_is_no_part_of_the_first_line), TEST(values_may_be_predicted),
      TEST(wrong_files_are_refused));
