/* Arrays as NumPy saves them. */
#include "tests/data/fixture.h"

#include <stdlib.h>

/* A file of version 1.0 with that dictionary, and data behind it. */
static void write_npy(const char *name, const char *dictionary, const void *data, size_t bytes)
{
    char file[512];
    size_t length = strlen(dictionary);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (char)length;
    file[9] = 0;
    memcpy(file + 10, dictionary, length);
    memcpy(file + 10 + length, data, bytes);
    fixture_write(name, file, 10 + length + bytes);
}

static const float features[] = {1, 2, 3, 4, 5, 6};
static const char features_header[] =
    "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }      \n";

static void write_all(void)
{
    static const int64_t labels[] = {2, 0, 1};
    write_npy("x.npy", features_header, features, sizeof features);
    write_npy("y.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }\n", labels,
              sizeof labels);
}

static void npy_is_read(void)
{
    write_all();
    const char *x = fixture_path("x.npy"), *y = fixture_path("y.npy");
    struct dataset *set = fixture_open("npy:%s,%s", x, y);
    CHECK_EQUAL(set->rows, 3);
    CHECK_EQUAL(set->width, 2);
    CHECK_EQUAL(set->classes, 3);
    CHECK_NEAR(value_at(set, 2, 1), 6, 0);
    CHECK_EQUAL(label_at(set, 0), 2);
    dataset_free(set);
    set = fixture_open("npy:%s,%s,%s,%s,scale=2", x, y, x, y);
    CHECK_EQUAL(set->train_rows, 3);
    CHECK_NEAR(value_at(set, 5, 1), 3, 0);
    dataset_free(set);
    fixture_clear();
}

static void real_targets_are_values(void)
{
    write_all();
    const char *x = fixture_path("x.npy"), *y = fixture_path("y.npy");
    struct dataset *set = fixture_open("npy:%s,%s", x, x);
    CHECK_EQUAL(set->classes, 0);
    CHECK_EQUAL(set->target_width, 2);
    CHECK_NEAR(target_at(set, 1, 1), 4, 0);
    dataset_free(set);
    set = fixture_open("npy:%s,%s,target=real", x, y);
    CHECK_EQUAL(set->classes, 0);
    CHECK_NEAR(target_at(set, 0, 0), 2, 0);
    dataset_free(set);
    fixture_refused("2 labels a row", "npy:%s,%s,target=class", x, x);
    fixture_clear();
}

static void shapes_and_types(void)
{
    static const unsigned char pixels[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    write_npy("x.npy", "{\"shape\": (3L, 1, 2, 2), 'fortran_order':False,'descr': '|u1'}", pixels,
              sizeof pixels);
    write_npy("y.npy", "{'descr': '>i2', 'fortran_order': True, 'shape': (3,)}", "\0\1\0\0\1\0", 6);
    struct dataset *set = fixture_open("npy:%s,%s", fixture_path("x.npy"), fixture_path("y.npy"));
    CHECK_EQUAL(set->width, 4);
    CHECK_EQUAL(set->image.height, 2);
    CHECK_EQUAL(set->classes, 257);
    CHECK_EQUAL(label_at(set, 2), 256);
    CHECK_NEAR(value_at(set, 1, 0), 5, 0);
    dataset_free(set);
    fixture_clear();
}

static void refused_with(const char *dictionary, const char *expected)
{
    write_npy("wrong.npy", dictionary, features, sizeof features);
    fixture_refused(expected, "npy:%s,%s", fixture_path("wrong.npy"), fixture_path("y.npy"));
}

static void wrong_files_are_refused(void)
{
    write_all();
    refused_with("", "byte 10: expected a dictionary");
    refused_with("{'descr': '<f4', 'fortran_order': False}", "with descr, fortran_order and shape");
    refused_with("{'descr': '<c8', 'fortran_order': False, 'shape': (3, 2)}",
                 "byte 20: numbers of type '<c8' cannot be read");
    refused_with("{'descr': '<f2', 'fortran_order': False, 'shape': (3, 2)}", "type '<f2'");
    refused_with("{'descr': [('a', '<f4')], 'shape': (3, 2)}", "byte 20: expected a text");
    refused_with("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2)}", "Fortran's order");
    refused_with("{'descr': '<f4', 'fortran_order': No, 'shape': (3, 2)}", "expected True or False");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "not a single number");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (3,2,1,1,1)}",
                 "four dimensions at most");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (3 2)}", "a comma or a bracket");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 2)}", "a whole number");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",
                 "a smaller number");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 16)}",
                 "is cut short");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3)}", "is cut short");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1)}", "goes on behind");
    refused_with("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "3 rows, but");
    refused_with("{'order': 'C'}", "byte 11: expected 'descr', 'fortran_order' or 'shape'");
    refused_with("{'descr': '<f4'} x", "nothing but spaces");
    refused_with("{'descr': '<f4", "a shorter text");
    fixture_write("wrong.npy", "PK\3\4", 4);
    fixture_refused("archive of several", "npy:%s,%s", fixture_path("wrong.npy"),
                    fixture_path("y.npy"));
    fixture_write("wrong.npy", "\x93NUMPY\x09\0\0\0", 10);
    fixture_refused("byte 6: expected version 1, 2 or 3", "npy:%s,%s", fixture_path("wrong.npy"),
                    fixture_path("y.npy"));
    fixture_write("wrong.npy", "\x93NUMPY\x02\0\xff\xff", 10);
    fixture_refused("byte 10: expected the header to go on", "npy:%s,%s",
                    fixture_path("wrong.npy"), fixture_path("y.npy"));
    fixture_clear();
}

SUITE("data: npy", TEST(npy_is_read), TEST(real_targets_are_values), TEST(shapes_and_types),
      TEST(wrong_files_are_refused));
