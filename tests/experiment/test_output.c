#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/experiment/output.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* The keys that the columns ask for. */
static const struct setting settings[] = {
    {"cluster", SETTING_WORD, 0, 0, 0, NULL, NULL, "", NULL, NULL},
    {"model", SETTING_WORD, 0, 0, 0, NULL, "mlp:64-10", "", NULL, NULL},
    {"netmodel", SETTING_WORD, 0, 0, 0, NULL, "flow", "", NULL, NULL},
    {"allreduce", SETTING_WORD, 0, 0, 0, NULL, "auto", "", NULL, NULL},
    {"partition", SETTING_WORD, 0, 0, 0, NULL, "none", "", NULL, NULL},
    {"data", SETTING_WORD, 0, 0, 0, NULL, "digits", "", NULL, NULL},
    {"compress", SETTING_WORD, 0, 0, 0, NULL, "none", "", NULL, NULL},
    {"precision", SETTING_WORD, 0, 0, 0, NULL, "fp32", "", NULL, NULL},
    {"batch", SETTING_WORD, 0, 0, 0, NULL, "64", "", NULL, NULL},
    {"microbatches", SETTING_WORD, 0, 0, 0, NULL, NULL, "", NULL, NULL},
    {"strategy", SETTING_WORD, 0, 0, 0, NULL, "data", "", NULL, NULL},
    {"nodes", SETTING_QUANTITY, UNIT_COUNT, 1, 1e6, NULL, "2", "", NULL, NULL},
    {"optimizer", SETTING_WORD, 0, 0, 0, NULL, "sgd", "", NULL, NULL},
    {"seed", SETTING_QUANTITY, UNIT_COUNT, 0, 1e9, NULL, "1", "", NULL, NULL},
    {NULL},
};

/* A sweep of three points in a fresh folder. */
struct bench {
    struct errors errors;
    struct config *config;
    struct sweep sweep;
    struct host *host;
    char folder[32];
};
static char *command[] = {"threadrack", "sweep", NULL};

static void set_up(struct bench *bench)
{
    const struct setting *tables[] = {settings};
    *bench = (struct bench){.folder = "/tmp/threadrack.XXXXXX"};
    CHECK_FATAL(mkdtemp(bench->folder) != NULL);
    bench->config = config_create(tables, 1);
    CHECK(config_set(bench->config, "optimizer=sgd:lr=0.1,momentum=0.9,adam,x", &bench->errors));
    CHECK(sweep_add(&bench->sweep, bench->config, false, &bench->errors));
    CHECK_EQUAL(bench->sweep.count, 3);
    bench->host = host_open(&bench->errors);
}

static void tear_down(struct bench *bench)
{
    char *remove_all = memory_text("rm -r %s", bench->folder);
    CHECK(system(remove_all) == 0);
    free(remove_all);
    sweep_release(&bench->sweep);
    config_free(bench->config);
    host_close(bench->host);
    errors_release(&bench->errors);
}

static struct step_record steps[2] = {{2.5, 1, 0, NAN, NAN, 0.1, NAN, NAN, NAN, 0, NAN, NAN},
                                       {0.1, 12345678901234567, 96, 0.5, 1.5, 0.05, 3, 1, 2, 3, 0.25, 1.5}};
static struct node_record nodes[2] = {{.compute_ps = 7, .memory_bytes = {1, 2, 3, 4, 5, 6}}};

static struct result sample(void)
{
    return (struct result){.nodes = 2,
                           .steps = 2,
                           .step = steps,
                           .node = nodes,
                           .length_ps = 12345678901234567,
                           .final_loss = 0.1,
                           .final_accuracy = NAN};
}

static struct text file_text(const struct bench *bench, const char *name)
{
    struct text text = {0};
    char *path = memory_text("%s/%s", bench->folder, name), piece[4096];
    FILE *file = fopen(path, "r");
    CHECK_FATAL(file != NULL);
    for (size_t got; (got = fread(piece, 1, sizeof piece, file));)
        text_add_bytes(&text, piece, got);
    fclose(file);
    free(path);
    return text;
}

/* The cell of that row (the header is row 0) under that heading. */
static const char *cell(const struct text *csv, int row, const char *heading)
{
    static char out[256];
    char *copy = memory_text("%s", csv->bytes), *lines = copy, *line = NULL;
    char *heads = strsep(&lines, "\n"), *head;
    for (int i = 0; i < row; i++)
        line = strsep(&lines, "\n");
    while ((head = strsep(&heads, ",")) && line) {
        const char *value = strsep(&line, ",");
        snprintf(out, sizeof out, "%s", strcmp(head, heading) ? "no such column" : value);
        if (!strcmp(head, heading))
            break;
    }
    free(copy);
    return out;
}

static struct output *open_it(struct bench *bench)
{
    return output_open(bench->folder, &bench->sweep, command, bench->host, &bench->errors);
}

static void columns_have_meanings_and_differ(void)
{
    for (const struct column *a = columns; a->name; a++) {
        CHECK(a->meaning && *a->meaning);
        for (const struct column *b = a + 1; b->name; b++)
            CHECK(strcmp(a->file, b->file) || strcmp(a->name, b->name));
    }
}

static void seconds_are_exact_and_cells_plain(void)
{
    struct bench bench;
    set_up(&bench);
    struct result result = sample();
    struct output *output = open_it(&bench);
    CHECK_FATAL(output != NULL);
    CHECK(output_add(output, 0, &result));
    struct text runs = file_text(&bench, "runs.csv"); /* there before the end */
    CHECK_TEXT(cell(&runs, 1, "length_s"), "12345.678901234567");
    CHECK_TEXT(cell(&runs, 1, "optimizer"), "sgd:lr=0.1;momentum=0.9");
    CHECK_TEXT(cell(&runs, 1, "final_accuracy"), "");
    CHECK_TEXT(cell(&runs, 1, "strategy"), "data");
    struct text taken = file_text(&bench, "steps.csv");
    CHECK_TEXT(cell(&taken, 1, "simulated_s"), "0.000000000001");
    CHECK_TEXT(cell(&taken, 1, "accuracy"), "");
    CHECK_TEXT(cell(&taken, 2, "step"), "2");
    struct text of_nodes = file_text(&bench, "nodes.csv");
    CHECK_TEXT(cell(&of_nodes, 1, "compute_s"), "0.000000000007");
    CHECK_TEXT(cell(&of_nodes, 1, "peak_memory_bytes"), "21");
    CHECK(output_close(output, &bench.errors));
    text_release(&runs);
    text_release(&taken);
    text_release(&of_nodes);
    tear_down(&bench);
}

static void rows_wait_for_their_turn(void)
{
    struct bench bench;
    set_up(&bench);
    struct result result = sample();
    struct output *output = open_it(&bench);
    CHECK_FATAL(output != NULL);
    CHECK(output_add(output, 2, &result));
    struct text before = file_text(&bench, "runs.csv");
    CHECK(strchr(before.bytes, '\n')[1] == 0); /* only the header */
    CHECK(output_add(output, 0, &result));
    CHECK(output_close(output, &bench.errors)); /* point 1 never came */
    struct text after = file_text(&bench, "runs.csv");
    CHECK_TEXT(cell(&after, 1, "run"), "0");
    CHECK_TEXT(cell(&after, 2, "run"), "2");
    text_release(&before);
    text_release(&after);
    tear_down(&bench);
}

static void a_manifest_is_json_and_names_every_run(void)
{
    struct bench bench;
    set_up(&bench);
    struct result result = sample();
    struct output *output = open_it(&bench);
    CHECK_FATAL(output != NULL);
    output_add(output, 1, &result);
    CHECK(output_close(output, &bench.errors));
    struct text manifest = file_text(&bench, "manifest.json");
    json_t *root = json_loads(manifest.bytes, 0, NULL), *runs = json_object_get(root, "runs");
    CHECK_EQUAL(json_array_size(runs), 1);
    json_t *run = json_array_get(runs, 0);
    CHECK_EQUAL(json_integer_value(json_object_get(run, "run")), 1);
    json_t *setting = json_object_get(json_object_get(run, "configuration"), "optimizer");
    CHECK_TEXT(json_string_value(json_object_get(setting, "value")), "adam");
    CHECK_TEXT(json_string_value(json_object_get(setting, "source")), "command line");
    json_decref(root);
    text_release(&manifest);
    tear_down(&bench);
}

static void a_full_disk_is_told_and_others_files_stay(void)
{
    struct bench bench;
    set_up(&bench);
    struct result result = sample();
    char *full = memory_text("%s/nodes.csv", bench.folder);
    CHECK(symlink("/dev/full", full) == 0);
    CHECK(open_it(&bench) == NULL);
    CHECK_EQUAL(bench.errors.count, 1);
    CHECK(bench.errors.count && strstr(bench.errors.messages[0], "nodes.csv': No space left"));
    CHECK(unlink(full) == 0);
    struct output *output = open_it(&bench);
    CHECK_FATAL(output != NULL);
    CHECK(output_add(output, 0, &result));
    CHECK(output_close(output, &bench.errors));
    free(full);
    tear_down(&bench);
}

/* 0: the file is there. */
static int access_of(const struct bench *bench, const char *name)
{
    char *path = memory_text("%s/%s", bench->folder, name);
    int absent = access(path, F_OK);
    free(path);
    return absent;
}

/* Files may have so many bytes, from now on. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_point_that_one_table_cannot_take_is_not_ok_in_the_others(void)
{
    struct bench bench;
    set_up(&bench);
    struct step_record many[100];
    for (int i = 0; i < 100; i++)
        many[i] = steps[1];
    struct result result = sample();
    result.steps = 100;
    result.step = many;
    struct output *output = open_it(&bench);
    CHECK_FATAL(output != NULL);
    signal(SIGXFSZ, SIG_IGN);
    limit_files(4096);
    CHECK(!output_add(output, 0, &result));
    CHECK(!output_close(output, &bench.errors));
    limit_files(RLIM_INFINITY);
    struct text runs = file_text(&bench, "runs.csv"), rows = file_text(&bench, "steps.csv"),
                of_nodes = file_text(&bench, "nodes.csv");
    CHECK_TEXT(cell(&runs, 1, "status"), "failed");
    CHECK_TEXT(cell(&runs, 1, "steps_taken"), "100");
    CHECK_TEXT(cell(&rows, 1, "step"), "no such column"); /* none, rather than some */
    CHECK_TEXT(cell(&of_nodes, 1, "run"), "0");
    CHECK_EQUAL(bench.errors.count, 1 + !!access_of(&bench, "manifest.json"));
    text_release(&runs);
    text_release(&rows);
    text_release(&of_nodes);
    tear_down(&bench);
}

static void an_unwritable_folder_is_refused(void)
{
    struct bench bench;
    set_up(&bench);
    CHECK(!output_check("/dev/null/results", &bench.errors));
    CHECK(output_check("/tmp/threadrack-not-there/deep", &bench.errors));
    CHECK(!output_open("/dev/null/results", &bench.sweep, command, bench.host, &bench.errors));
    CHECK_EQUAL(bench.errors.count, 2);
    tear_down(&bench);
}

SUITE("experiment: output", TEST(columns_have_meanings_and_differ),
      TEST(seconds_are_exact_and_cells_plain), TEST(rows_wait_for_their_turn),
      TEST(a_manifest_is_json_and_names_every_run), TEST(a_full_disk_is_told_and_others_files_stay),
      TEST(a_point_that_one_table_cannot_take_is_not_ok_in_the_others),
      TEST(an_unwritable_folder_is_refused));
