/* The figures: gnuplot draws them without a word on standard error, or one message says why not; and
 * the recorded experiments still run. */
#include "tests/check.h"

#include "child.h"
#include "threadrack/base/memory.h"

#include <limits.h>
#include <stdlib.h>

static const struct fixture none = {NULL, NULL, 0};

static struct bench bench;
static struct outcome outcome;

static void run(const char *words, int code)
{
    bench_ends(&bench, words, &outcome, code);
}

static void write_file(const char *name, const char *bytes)
{
    char *path = memory_text("%s/%s", bench.folder, name);
    FILE *file = fopen(path, "w");
    CHECK_FATAL(file && fputs(bytes, file) >= 0 && !fclose(file));
    free(path);
}

static int count(const char *text, const char *word)
{
    int found = 0;
    for (; (text = strstr(text, word)); text++)
        found++;
    return found;
}

/* Every line that is not of a picture is "NAME: skipped, ...". */
static void draws(const char *folder, const char *figures)
{
    char *words = memory_text("plot %s", folder), *names = memory_text("%s", figures);
    run(words, 0);
    CHECK_EQUAL(count(outcome.err, "\n"), count(outcome.err, ": skipped, "));
    if (strstr(outcome.err, "arning"))
        fprintf(stderr, "\n%s", outcome.err);
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " ")) {
        char *picture = memory_text("/%s.png\n", name);
        if (!strstr(outcome.out, picture))
            fprintf(stderr, "\n%s of %s is not drawn: %s", name, folder, outcome.err);
        CHECK(strstr(outcome.out, picture) != NULL);
        free(picture);
    }
    free(words);
    free(names);
}

static void sweeps_are_drawn_without_warnings(void)
{
    bench_open(&bench, &none);
    run("sweep strategy=data,local_sgd nodes=2 steps=10 eval_every=1 target_accuracy=0.2 seed=1,2 "
        "cluster.link.bandwidth=1Gbit/s,1.5Gbit/s partition=iid,shards --quiet --out many", 0);
    draws("many", "breakdown learning bytes target alpha waiting partition");
    write_file("many/staleness.csv", "staleness,count\n0,3\n1,10\n4,2\n");
    draws("many", "staleness");
    bench_close(&bench);
}

/* A federated run's clients have batches of their own, so that it has no speed-up. */
static void strategies_without_a_speed_up_are_left_out(void)
{
    bench_open(&bench, &none);
    run("sweep strategy=data,fedavg nodes=2 partition=iid steps=1 math=off --quiet --out some", 0);
    draws("some", "breakdown speedup");
    bench_close(&bench);
}

static void one_row_is_drawn_without_warnings(void)
{
    bench_open(&bench, &none);
    run("run strategy=data nodes=2 steps=1 --quiet --out one", 0);
    write_file("one/staleness.csv", "staleness,count\n0,3\n");
    draws("one", "breakdown learning bytes waiting staleness");
    bench_close(&bench);
}

static void a_column_that_is_missing_is_one_message(void)
{
    bench_open(&bench, &none);
    run("run strategy=data nodes=2 steps=1 --quiet --out one", 0);
    write_file("one/staleness.csv", "staleness,number\n0,3\n");
    run("plot one", 1);
    CHECK_EQUAL(count(outcome.err, "lacks"), 1);
    CHECK(strstr(outcome.err, "staleness.csv lacks count") != NULL);
    CHECK(!strstr(outcome.err, "failed"));
    bench_close(&bench);
}

/* In a few steps, to be seen to parse and to run. */
static void recorded_experiments_run(void)
{
    static const char *const short_forms[] = {
        "shards.yaml federated.epochs=1", "local-steps.yaml local_steps=2",
        "compression.yaml cluster.link.bandwidth=1Gbit/s", "alpha.yaml strategy=fedavg",
        "winners.yaml nodes=4 cluster.link.bandwidth=100Gbit/s", "stragglers.yaml strategy=ssp_server",
        "staleness.yaml strategy=async_server"};
    char folder[PATH_MAX];
    CHECK_FATAL(realpath("plots/experiments", folder) != NULL);
    bench_open(&bench, &none);
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++) {
        char *words = memory_text("sweep %s/%s steps=2 seed=1 --quiet", folder, short_forms[i]);
        run(words, 0);
        CHECK(count(outcome.out, "  ok\n") >= 2);
        free(words);
    }
    bench_close(&bench);
}

/* Each within its own bounds; the last words of a row are its status. */
static void every_strategy_stops_at_its_target(void)
{
    static const char *const ways[] = {
        "strategy=single nodes=1",
        "strategy=data,tensor,hybrid,local_sgd,diloco,gossip,parameter_server nodes=4",
        "strategy=pipeline nodes=3",
        "strategy=hierarchical nodes=16 cluster=boxes-of-8",
        "strategy=fedavg,fedprox,scaffold nodes=5 partition=iid"};
    bench_open(&bench, &none);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char *words = memory_text("sweep %s steps=300 eval_every=1 target_loss=1.5 --quiet --out t%zu",
                                  ways[i], i);
        run(words, 0);
        char *name = memory_text("t%zu/runs.csv", i), *rows = bench_read(&bench, name);
        CHECK(rows && count(rows, ",300,") == 0 && count(rows, ",ok,") == count(rows, "\n") - 1);
        free(words);
        free(name);
        free(rows);
    }
    run("sweep strategy=data nodes=2 steps=2 target_accuracy=1 --quiet", 0);
    run("run strategy=data nodes=2 steps=2 target_accuracy=1", 0);
    CHECK(strstr(outcome.out, "not reached") != NULL);
    bench_close(&bench);
}

SUITE("cli: plots", TEST(every_strategy_stops_at_its_target), TEST(sweeps_are_drawn_without_warnings),
      TEST(strategies_without_a_speed_up_are_left_out), TEST(one_row_is_drawn_without_warnings),
      TEST(a_column_that_is_missing_is_one_message), TEST(recorded_experiments_run));
