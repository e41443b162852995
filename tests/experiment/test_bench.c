/* A bench measures what the clock says, and tells it as NCCL's tests do. */
#include "tests/check.h"

#include "threadrack/experiment/bench.h"

static struct bench bench_of(struct bench_words words)
{
    struct bench bench;
    struct errors errors;
    errors_init(&errors);
    CHECK(bench_resolve(&bench, words, &errors));
    errors_print(&errors, stderr);
    errors_release(&errors);
    return bench;
}

static void refuses(struct bench_words words, const char *what)
{
    struct bench bench;
    struct errors errors;
    errors_init(&errors);
    bool good = bench_resolve(&bench, words, &errors);
    CHECK(!good && errors.count && strstr(errors.messages[0], what));
    if (errors.count && !strstr(errors.messages[0], what))
        fprintf(stderr, "\n%s, should say %s\n", errors.messages[0], what);
    bench_release(&bench);
    errors_release(&errors);
}

static void sizes_grow_by_factor_or_step(void)
{
    struct bench bench =
        bench_of((struct bench_words){.operation = "allreduce", .begin = "8", .end = "1GiB"});
    CHECK_EQUAL(bench.size_count, 28);
    CHECK_EQUAL(bench.sizes[0], 8);
    CHECK_EQUAL(bench.sizes[27], 1 << 30);
    bench_release(&bench);
    bench = bench_of((struct bench_words){
        .operation = "allgather", .begin = "10", .end = "1kB", .step = "100"});
    CHECK_EQUAL(bench.size_count, 10);
    CHECK_EQUAL(bench.sizes[0], 8); /* whole floats */
    CHECK_EQUAL(bench.sizes[9], 908);
    bench_release(&bench);
    bench = bench_of((struct bench_words){.operation = "barrier"});
    CHECK_EQUAL(bench.size_count, 1);
    bench_release(&bench);
}

static void wrong_words_are_refused(void)
{
    refuses((struct bench_words){.operation = "allreduc"}, "did you mean 'allreduce'");
    refuses((struct bench_words){"allreduce", "1G", NULL, NULL, NULL, NULL, NULL}, "write 1GiB");
    refuses((struct bench_words){"allreduce", "2", NULL, NULL, NULL, NULL, NULL}, "one float");
    refuses((struct bench_words){"allreduce", "8", "4", NULL, NULL, NULL, NULL}, "more than -e 4");
    refuses((struct bench_words){"allreduce", "8", "64", "1", NULL, NULL, NULL}, "outside 2");
    refuses((struct bench_words){"allreduce", "8", "64", NULL, "0", NULL, NULL}, "never grow");
    refuses((struct bench_words){"allreduce", "8", "64", "2", "8", NULL, NULL}, "both given");
    refuses((struct bench_words){"allreduce", "8", "1GB", NULL, "4", NULL, NULL}, "more than 10000");
    refuses((struct bench_words){"allreduce", NULL, NULL, NULL, NULL, "rign", NULL},
            "did you mean 'ring'");
    refuses((struct bench_words){"allreduce", NULL, NULL, NULL, NULL, NULL, "0"}, "outside 1");
}

/* ---- Rows. ---- */

struct rows {
    struct bench_row row[512];
    int count, begun, ended;
};

static void begin(void *context, const struct bench *bench, int point)
{
    struct rows *rows = context;
    (void)bench;
    CHECK_EQUAL(point, rows->begun++);
}

static bool keep(void *context, const struct bench *bench, const struct bench_row *row)
{
    struct rows *rows = context;
    (void)bench;
    rows->row[rows->count] = *row;
    rows->row[rows->count++].asked = strcmp(row->asked, "auto") ? "by name" : NULL;
    return rows->count < 512;
}

static void end(void *context, const struct bench *bench)
{
    (void)bench;
    ((struct rows *)context)->ended++;
}

static struct rows rows_of(struct bench_words words, const char *keys)
{
    static struct rows rows;
    struct bench bench = bench_of(words);
    struct sweep sweep;
    struct errors errors;
    struct config *config = experiment_config();
    char copy[512], *rest = copy;
    snprintf(copy, sizeof copy, "%s", keys);
    rows = (struct rows){0};
    errors_init(&errors);
    sweep_init(&sweep);
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        config_set(config, word, &errors);
    CHECK(sweep_add(&sweep, config, false, &errors) && bench_allows(&sweep, &errors));
    CHECK(bench_sweep(&bench, &sweep, (struct bench_listener){&rows, begin, keep, end, NULL}, &errors));
    CHECK_EQUAL(rows.ended, sweep.count);
    errors_print(&errors, stderr);
    config_free(config);
    sweep_release(&sweep);
    errors_release(&errors);
    bench_release(&bench);
    return rows;
}

/* On an uncontended network without additions every algorithm of the table takes its closed form,
 * but for the two trees' all-reduce, which is within an eighth of it (comm/collective.h). */
static void every_collective_can_be_measured(void)
{
    for (int i = 0; collectives[i]; i++) {
        if (strstr(collectives[i]->options, "levels"))
            continue; /* this cluster has none */
        const struct collective *collective = collectives[i];
        struct rows rows = rows_of((struct bench_words){.operation = collective->operation,
                                                        .algorithms = collective->name,
                                                        .begin = "1MiB"},
                                   "nodes=8 netmodel=hockney cluster.device.add_bandwidth=free");
        CHECK_EQUAL(rows.count, 1);
        CHECK(rows.row[0].ran == collective && rows.row[0].time_ps > 0);
        uint64_t form_ps = rows.row[0].predicted_ps, slack_ps = 0;
        if (!strcmp(collective->schedule.name, "double-tree allreduce"))
            slack_ps = form_ps / 8;
        CHECK(rows.row[0].time_ps >= form_ps && rows.row[0].time_ps <= form_ps + slack_ps);
        CHECK(bench_operation(collective->operation) || !strcmp(collective->operation, "barrier"));
        CHECK(isnan(rows.row[0].busbw_GBps) == !strcmp(collective->operation, "barrier"));
    }
}

/* The ring on 8 nodes, 1 GB/s, no latency: 14 messages of S/8 one after the other, so busbw is 1. */
static void bandwidths_by_hand(void)
{
    struct rows rows = rows_of((struct bench_words){"allreduce", "80000", "160000", NULL, NULL, "ring",
                                                    NULL},
                               "nodes=8 netmodel=hockney cluster.device.add_bandwidth=free "
                               "cluster.link.latency=0us cluster.link.bandwidth=1GB/s");
    CHECK_EQUAL(rows.count, 2);
    CHECK_EQUAL(rows.row[0].time_ps, 14 * UINT64_C(10000000));
    CHECK_NEAR(rows.row[0].algbw_GBps, 80000.0 / 140000.0, 1e-12);
    CHECK_NEAR(rows.row[0].busbw_GBps, 1, 1e-12);
    CHECK_EQUAL(rows.row[0].messages, 14 * 8);
    CHECK_EQUAL(rows.row[0].bytes_sent, 14 * 80000);
}

static void additions_are_in_it_and_iterations_are_a_mean(void)
{
    const char *free_words = "nodes=8 netmodel=hockney cluster.device.add_bandwidth=free";
    struct bench_words words = {"allreduce", "1MiB", NULL, NULL, NULL, "ring", NULL};
    uint64_t alone = rows_of(words, free_words).row[0].time_ps;
    CHECK(rows_of(words, "nodes=8 netmodel=hockney").row[0].time_ps > alone);
    words.iterations = "3";
    struct bench_row three = rows_of(words, free_words).row[0];
    CHECK_EQUAL(three.time_ps, alone);
    CHECK_EQUAL(three.messages, 14 * 8);
}

static void lists_sweep_and_auto_says_what_it_took(void)
{
    struct rows rows = rows_of((struct bench_words){"allreduce", "8", "8MiB", "1048576", NULL,
                                                    "all,auto", NULL},
                               "nodes=4,8 netmodel=hockney");
    int all = 0; /* those that fit a cluster without boxes come before `auto` */
    while (all < rows.count && rows.row[all].asked)
        all++;
    CHECK(all >= 3);
    CHECK_EQUAL(rows.count, 2 * 2 * (all + 1));
    CHECK(!rows.row[all].asked && rows.row[all].ran);
    CHECK(rows.row[all].ran != rows.row[2 * all + 1].ran); /* small, large */
    CHECK_EQUAL(rows.row[rows.count - 1].nodes, 8);
    CHECK_EQUAL(rows.row[rows.count - 1].point, 1);
}

/* Options and files in --algorithm; commas within an option's list do not end it. */
static void algorithms_with_options(void)
{
    struct rows rows = rows_of(
        (struct bench_words){
            "allreduce", "1MiB", NULL, NULL, NULL,
            "hierarchical:box=2,chain:chunk=64KiB,chain:chunk=256KiB,torus2d:rows=2,msccl:"
            "tests/fuzz/corpus/msccl_xml/ring-4.xml,ring",
            NULL},
        "nodes=4 netmodel=hockney cluster.device.add_bandwidth=free");
    CHECK_EQUAL(rows.count, 6);
    CHECK_EQUAL(rows.row[0].time_ps, rows.row[0].predicted_ps);
    CHECK_EQUAL(rows.row[1].time_ps, rows.row[1].predicted_ps);
    CHECK(rows.row[1].time_ps < rows.row[2].time_ps);
    CHECK_EQUAL(rows.row[1].messages, 2 * 3 * 16);
    CHECK_EQUAL(rows.row[2].messages, 2 * 3 * 4);
    CHECK_EQUAL(rows.row[4].time_ps, rows.row[5].time_ps);
}

static void what_does_not_fit_is_refused(void)
{
    static const char *const words[] = {"hierarchical", "torus2d", "hierarchical:box=3",
                                        "msccl:tests/fuzz/corpus/msccl_xml/shuffled-3.xml"};
    static const char *const said[] = {"into several boxes", "into several boxes",
                                       "do not divide a group of 4",
                                       "msccl:shuffled-3 is for groups of 3, not for one of 4"};
    for (int i = 0; i < 4; i++) {
        struct bench bench = bench_of((struct bench_words){.operation = "allreduce",
                                                           .algorithms = words[i]});
        struct sweep sweep;
        struct errors errors;
        struct config *config = experiment_config();
        errors_init(&errors);
        sweep_init(&sweep);
        config_set(config, "nodes=4", &errors);
        CHECK(sweep_add(&sweep, config, false, &errors));
        CHECK(!bench_sweep(&bench, &sweep, (struct bench_listener){0}, &errors));
        CHECK(errors.count == 1 && strstr(errors.messages[0], said[i]));
        config_free(config);
        sweep_release(&sweep);
        errors_release(&errors);
        bench_release(&bench);
    }
}

SUITE("experiment: bench", TEST(sizes_grow_by_factor_or_step), TEST(wrong_words_are_refused),
      TEST(every_collective_can_be_measured), TEST(bandwidths_by_hand),
      TEST(additions_are_in_it_and_iterations_are_a_mean),
      TEST(lists_sweep_and_auto_says_what_it_took), TEST(algorithms_with_options),
      TEST(what_does_not_fit_is_refused));
