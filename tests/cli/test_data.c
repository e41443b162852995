/* An experiment on each kind of data set, from the command line. */
#include "tests/check.h"

#include "child.h"

#include <stdlib.h>

/* Eight rows of four values or pixels. */
#define EIGHT(row) row row row row row row row row
static const char images[] = "\0\0\x08\x03\0\0\0\x08\0\0\0\x02\0\0\0\x02" EIGHT("\x00\x40\x80\xff");
static const char labels[] = "\0\0\x08\x01\0\0\0\x08\0\1\2\0\1\2\0\1";
static const char x_npy[] = "\x93NUMPY\1\0\x3b\0"
                            "{'descr': '|u1', 'fortran_order': False, 'shape': (8, 4), }"
                            EIGHT("\1\2\3\4");
static const char y_npy[] = "\x93NUMPY\1\0\x39\0"
                            "{'descr': '|i1', 'fortran_order': False, 'shape': (8,), }"
                            "\0\1\2\0\1\2\0\1";
static const char cifar[4 * 3073];

static const struct fixture fixtures[] = {
    {"images", images, sizeof images - 1},
    {"labels", labels, sizeof labels - 1},
    {"x.npy", x_npy, sizeof x_npy - 1},
    {"y.npy", y_npy, sizeof y_npy - 1},
    {"batch.bin", cifar, sizeof cifar},
    {"rows.svm", EIGHT("+1 1:0.5 4:1\n-1 2:3\n"), 0},
    {"rows.csv", "a,b,c,d,e\n" EIGHT("1,2,3,4,0\n4,3,2,1,1\n"), 0},
    {"book.txt", EIGHT("All work and no play makes Jack a dull boy.\n"), 0},
    {NULL, NULL, 0},
};

static struct bench bench;
static struct outcome outcome;

static void run(const char *words, int code)
{
    bench_ends(&bench, words, &outcome, code);
}

static const struct {
    const char *data, *model;
} examples[] = {
    {"digits", "mlp:64-10"},
    {"devils-dictionary data.test_rows=8", "gpt:layers=1,heads=1,width=8,context=8"},
    {"text:book.txt", "gpt:layers=1,heads=1,width=8,context=8"},
    {"idx:./images,labels", "cnn:2:4"},
    {"idx:./images,labels,./images,labels", "mlp:4-3"},
    {"cifar10:batch.bin", "cnn:2:4"},
    {"npy:x.npy,y.npy,scale=4", "logistic"},
    {"npy:x.npy,y.npy,target=real", "linear"},
    {"libsvm:rows.svm,features=5", "mlp:5-2"},
    {"csv:rows.csv", "mlp:4-8-2"},
    {"csv:rows.csv,target=real", "linear"},
    {"blobs:rows=20,features=4,classes=3", "mlp:4-3"},
    {"teacher:rows=20,features=4,target=real,outputs=2", "linear"},
    {"images:rows=20,size=6", "cnn:2:4"},
    {"tokens:rows=20", "gpt:layers=1,heads=1,width=8,context=8"},
    {"blobs:rows=1000000000000,features=4 data.test_rows=5", "mlp:4-10"},
};

static void every_kind_trains(void)
{
    bench_open(&bench, fixtures);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char words[256];
        const char *same = "batch=2 steps=2 strategy=data nodes=2";
        snprintf(words, sizeof words, "run data=%s model=%s %s", examples[i].data,
                 examples[i].model, same);
        run(words, 0);
        CHECK(strstr(outcome.out, "learning       loss ") != NULL);
        CHECK(!strstr(outcome.out, "nan"));
        snprintf(words, sizeof words, "run data=%s model=%s %s math=off", examples[i].data,
                 examples[i].model, same);
        run(words, 0);
        CHECK(!strstr(outcome.out, "learning"));
    }
    bench_close(&bench);
}

static void lists_of_data_sets_are_swept(void)
{
    bench_open(&bench, fixtures);
    run("sweep data=idx:./images,labels,csv:rows.csv,digits model=logistic batch=2 steps=2 --quiet "
        "--out swept",
        0);
    char *runs = bench_read(&bench, "swept/runs.csv");
    CHECK(runs && strstr(runs, ",idx:./images;labels,") && strstr(runs, ",csv:rows.csv,") &&
          strstr(runs, ",digits,"));
    free(runs);
    bench_close(&bench);
}

static bool said(const char *what)
{
    return strstr(outcome.err, what) != NULL;
}

static void what_does_not_fit_is_said(void)
{
    bench_open(&bench, fixtures);
    int before = bench_entries(&bench);
    run("run data=text:book.txt model=gpt:layers=1,heads=1,width=8,context=400", 2);
    CHECK(said("book.txt: byte 352: the text ends before one window of 400 bytes"));
    run("run data=idx:labels,./images model=mlp:4-3", 2);
    CHECK(said("images: 4 labels a row"));
    run("run data=npy:x.npy,y.npy,scale=4,target=reel model=logistic", 2);
    CHECK(said("did you mean 'real'?"));
    CHECK_EQUAL(bench_entries(&bench), before);
    bench_close(&bench);
}

SUITE("cli: data sets", TEST(every_kind_trains), TEST(lists_of_data_sets_are_swept),
      TEST(what_does_not_fit_is_said));
