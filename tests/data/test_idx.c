/* IDX and CIFAR-10: what is read, and what is wrong with files. */
#include "tests/data/fixture.h"

static const char images[] = "\0\0\x08\x03\0\0\0\x03\0\0\0\x02\0\0\0\x02"
                             "\x00\x33\x66\xff"
                             "\x01\x02\x03\x04"
                             "\x05\x06\x07\x08";
static const char labels[] = "\0\0\x08\x01\0\0\0\x03\x07\x00\x02";

static void write_all(void)
{
    fixture_write("images", images, sizeof images - 1);
    fixture_gzip("labels.gz", labels, sizeof labels - 1);
}

static void idx_is_read(void)
{
    write_all();
    struct dataset *set =
        fixture_open("idx:%s,%s", fixture_path("images"), fixture_path("labels.gz"));
    CHECK_EQUAL(set->rows, 3);
    CHECK_EQUAL(set->train_rows, 2);
    CHECK_EQUAL(set->width, 4);
    CHECK_EQUAL(set->image.channels, 1);
    CHECK_EQUAL(set->image.height, 2);
    CHECK_EQUAL(set->classes, 8);
    CHECK_NEAR(value_at(set, 0, 1), 0.2, 1e-7);
    CHECK_NEAR(value_at(set, 0, 3), 1, 0);
    CHECK_NEAR(value_at(set, 2, 0), 5.0 / 255, 1e-8);
    CHECK_EQUAL(label_at(set, 0), 7);
    CHECK_EQUAL(label_at(set, 2), 2);
    dataset_free(set);
    fixture_clear();
}

static void a_second_pair_tests(void)
{
    write_all();
    const char *in = fixture_path("images"), *out = fixture_path("labels.gz");
    struct dataset *set = fixture_open("idx:%s,%s,%s,%s", in, out, in, out);
    CHECK_EQUAL(set->rows, 6);
    CHECK_EQUAL(set->train_rows, 3);
    CHECK_EQUAL(set->test_rows, 3);
    CHECK_NEAR(value_at(set, 4, 3), value_at(set, 1, 3), 0);
    CHECK_EQUAL(label_at(set, 5), 2);
    dataset_free(set);
    fixture_refused("expected idx:IMAGES,LABELS", "idx:%s,%s,%s", in, out, in);
    fixture_refused("expected idx:IMAGES,LABELS", "idx:%s", in);
    fixture_clear();
}

/* Of other types values are as they are, most significant byte first. */
static void other_types_are_read(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        double first;
    } cases[] = {
        {"\0\0\x09\x01\0\0\0\x03\xfe\0\0", 11, -2},
        {"\0\0\x0b\x01\0\0\0\x03\xff\x00\0\0\0\0", 14, -256},
        {"\0\0\x0c\x01\0\0\0\x03\0\0\x01\x02\0\0\0\0\0\0\0\0", 20, 258},
        {"\0\0\x0d\x01\0\0\0\x03\x3f\xc0\0\0\0\0\0\0\0\0\0\0", 20, 1.5},
        {"\0\0\x0e\x01\0\0\0\x03\xbf\xf8\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, -1.5},
    };
    write_all();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write("values", cases[i].bytes, cases[i].length);
        struct dataset *set =
            fixture_open("idx:%s,%s", fixture_path("values"), fixture_path("labels.gz"));
        CHECK_NEAR(value_at(set, 0, 0), cases[i].first, 0);
        CHECK_NEAR(value_at(set, 2, 0), 0, 0);
        dataset_free(set);
    }
    fixture_clear();
}

static void wrong_idx_is_refused(void)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *expected;
    } cases[] = {
        {"", 0, "byte 0: expected two zero bytes"},
        {"\0\0\x08", 3, "byte 0: expected two zero bytes"},
        {"\x01\0\x08\x01", 4, "byte 0: expected two zero bytes"},
        {"\0\0\x0a\x01\0\0\0\x03\0\0\0", 11, "byte 2: expected a type"},
        {"\0\0\x08\0", 4, "byte 3: expected 1 to 4 dimensions, not 0"},
        {"\0\0\x08\xff", 4, "byte 3: expected 1 to 4 dimensions, not 255"},
        {"\0\0\x08\x03\0\0\0\x03", 8, "byte 8: the file is cut short within its 3 dimensions"},
        {"\0\0\x08\x01\0\0\0\x03\0\0", 10, "byte 10: the file is cut short"},
        {"\0\0\x08\x01\0\0\0\x03\0\0\0\0", 12, "byte 12: the file goes on behind its data"},
        {"\0\0\x08\x01\0\0\0\x04\0\0\0\0", 12, "3 rows, but"},
        {"\0\0\x08\x01\0\0\0\0", 8, "byte 8: an array of 0 holds nothing"},
        {"\0\0\x0e\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 20,
         "byte 20: the file is cut short"},
    };
    write_all();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write("wrong", cases[i].bytes, cases[i].length);
        fixture_refused(cases[i].expected, "idx:%s,%s", fixture_path("wrong"),
                        fixture_path("labels.gz"));
    }
    fixture_refused("4 labels a row", "idx:%s,%s", fixture_path("images"), fixture_path("images"));
    fixture_write("wrong", "\0\0\x09\x01\0\0\0\x03\0\xff\0", 11);
    fixture_refused("wrong: byte 9: expected the label of row 1", "idx:%s,%s",
                    fixture_path("images"), fixture_path("wrong"));
    fixture_clear();
}

static void wrong_gzip_is_refused(void)
{
    char bytes[128];
    write_all();
    FILE *stream = fopen(fixture_path("labels.gz"), "r");
    size_t length = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    for (size_t cut = 2; cut < length; cut++) {
        fixture_write("wrong.gz", bytes, cut);
        fixture_refused("the gzip file ends before its data do", "text:%s",
                        fixture_path("wrong.gz"));
    }
    bytes[length - 8] ^= 1; /* of the checksum */
    fixture_write("wrong.gz", bytes, length);
    fixture_refused("incorrect data check", "text:%s", fixture_path("wrong.gz"));
    bytes[length - 8] ^= 1;
    bytes[length] = 'x';
    fixture_write("wrong.gz", bytes, length + 1);
    fixture_refused("wrong.gz: byte", "text:%s", fixture_path("wrong.gz"));
    fixture_clear();
}

enum { RECORD = 3073, RECORDS = 5 };

static void cifar_is_read(void)
{
    static unsigned char bytes[RECORDS * RECORD];
    for (int i = 0; i < RECORDS; i++) {
        bytes[i * RECORD] = (unsigned char)i;
        bytes[i * RECORD + 1] = 51;           /* the first pixel's red */
        bytes[i * RECORD + 1 + 1024] = 102;   /* its green */
    }
    fixture_write("one", bytes, sizeof bytes);
    fixture_gzip("two.gz", bytes, RECORD);
    struct dataset *set =
        fixture_open("cifar10:%s,%s", fixture_path("one"), fixture_path("two.gz"));
    CHECK_EQUAL(set->rows, RECORDS + 1);
    CHECK_EQUAL(set->width, 3072);
    CHECK_EQUAL(set->classes, 10);
    CHECK_EQUAL(set->image.channels, 3);
    CHECK_EQUAL(label_at(set, 4), 4);
    CHECK_EQUAL(label_at(set, RECORDS), 0);
    CHECK_NEAR(value_at(set, 3, 0), 0.2, 1e-7);
    CHECK_NEAR(value_at(set, 3, 1024), 0.4, 1e-7);
    dataset_free(set);
    fixture_write("short", bytes, sizeof bytes - 1);
    fixture_refused("byte 12292: expected records of 3073 bytes", "cifar10:%s",
                    fixture_path("short"));
    bytes[2 * RECORD] = 10;
    fixture_write("wrong", bytes, sizeof bytes);
    fixture_refused("byte 6146: expected the label of row 2, 0 to 9, not 10", "cifar10:%s,%s",
                    fixture_path("one"), fixture_path("wrong"));
    fixture_write("wrong", "", 0);
    fixture_refused("expected records", "cifar10:%s", fixture_path("wrong"));
    fixture_clear();
}

SUITE("data: idx and cifar10", TEST(idx_is_read), TEST(a_second_pair_tests),
      TEST(other_types_are_read), TEST(wrong_idx_is_refused), TEST(wrong_gzip_is_refused),
      TEST(cifar_is_read));
