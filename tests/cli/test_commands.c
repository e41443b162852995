/* What the program does when all is well. */
#include "tests/check.h"

#include "child.h"
#include "threadrack/base/memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <sys/wait.h>

static const struct fixture fixtures[] = {
    {"plan.yaml", "strategy: [single, data]\nnodes: [1, 2]\nmath: off\nsteps: 3\n", 0},
    {NULL, NULL, 0},
};

static struct bench bench;
static struct outcome outcome;

static void run(const char *words, int code)
{
    bench_ends(&bench, words, &outcome, code);
}

static int line_count(const char *text)
{
    int count = 0;
    for (; text && *text; text++)
        count += *text == '\n';
    return count;
}

static int lines_of(const char *name)
{
    char *text = bench_read(&bench, name);
    int count = line_count(text);
    free(text);
    return count;
}

static void help_and_version_are_everywhere(void)
{
    static const char *const commands[] = {"", "run ", "sweep ", "list ", "plot ", "demo ",
                                           "topology "};
    bench_open(&bench, fixtures);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char words[32];
        snprintf(words, sizeof words, "%s--help", commands[i]);
        run(words, 0);
        CHECK(strstr(outcome.out, "Usage: threadrack") == outcome.out);
        CHECK(!strcmp(commands[i], "demo ") || strstr(outcome.out, "Examples:"));
        snprintf(words, sizeof words, "%s-h", commands[i]);
        run(words, 0);
    }
    run("--version", 0);
    CHECK(strstr(outcome.out, "BLIS") && strstr(outcome.out, "hwloc"));
    bench_close(&bench);
}

static void a_run_prints_and_writes_only_where_told(void)
{
    bench_open(&bench, fixtures);
    int before = bench_entries(&bench);
    run("run math=off steps=3 nodes=2 strategy=data --quiet", 0);
    CHECK(strstr(outcome.out, "data on 2 nodes") != NULL);
    CHECK(!*outcome.err);
    CHECK_EQUAL(bench_entries(&bench), before);
    run("run math=off steps=3 nodes=2 strategy=data --quiet --json --out deep/results", 0);
    json_t *object = json_loads(outcome.out, 0, NULL);
    CHECK_EQUAL(json_integer_value(json_object_get(object, "steps_taken")), 3);
    json_decref(object);
    CHECK_EQUAL(lines_of("deep/results/runs.csv"), 2);
    CHECK_EQUAL(lines_of("deep/results/steps.csv"), 4);
    CHECK_EQUAL(lines_of("deep/results/nodes.csv"), 3);
    CHECK_EQUAL(lines_of("deep/results/memory.csv"), 1 + 6);
    CHECK(lines_of("deep/results/manifest.json") > 1);
    bench_close(&bench);
}

static void a_sweep_goes_on_past_points_that_do_not_fit(void)
{
    bench_open(&bench, fixtures);
    run("sweep plan.yaml --out results --jobs 2", 0);
    char *runs = bench_read(&bench, "results/runs.csv");
    CHECK_EQUAL(line_count(runs), 5);
    CHECK(runs && strstr(runs, ",refused,") && strstr(runs, ",ok,"));
    CHECK(strstr(outcome.err, "100 %: 4 of 4 runs") != NULL);
    free(runs);
    run("sweep plan.yaml --dry-run --baseline 'strategy=single nodes=1' --out other", 0);
    CHECK_EQUAL(line_count(outcome.out), 5);
    CHECK_EQUAL(lines_of("other/runs.csv"), 0);
    bench_close(&bench);
}

static void jobs_do_not_change_the_bytes(void)
{
    static const char *const files[] = {"runs.csv", "steps.csv", "nodes.csv"};
    bench_open(&bench, fixtures);
    run("sweep strategy=data,tensor nodes=2,3 steps=5 --quiet --out one", 0);
    run("sweep strategy=data,tensor nodes=2,3 steps=5 --quiet --out two --jobs 2", 0);
    for (int i = 0; i < 3; i++) {
        char *left = memory_text("one/%s", files[i]), *right = memory_text("two/%s", files[i]);
        char *a = bench_read(&bench, left), *b = bench_read(&bench, right);
        CHECK(a && b && !strcmp(a, b));
        free(left);
        free(right);
        free(a);
        free(b);
    }
    bench_close(&bench);
}

static void every_family_lists_something(void)
{
    static const char *const families[] = {"topologies", "netmodels", "computes", "collectives",
                                           "strategies", "models",    "layers",   "optimizers",
                                           "datasets",   "noises",     "compressors", "partitions", "host",      "settings", "columns"};
    bench_open(&bench, fixtures);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char words[32];
        snprintf(words, sizeof words, "list %s", families[i]);
        run(words, 0);
        CHECK(*outcome.out);
        CHECK(strcmp(families[i], "netmodels") || strstr(outcome.out, "Hockney 1994"));
    }
    bench_close(&bench);
}

/* The second point would take minutes; the first one's rows are kept, and those that the second has
 * are said to be of a run that was interrupted. */
static void an_interrupt_keeps_what_is_finished(void)
{
    bench_open(&bench, fixtures);
    /* In the foreground timeout signals once; else the whole group as well, and a second interrupt
     * ends the program at once. */
    char *command = memory_text("cd %s && timeout --foreground --preserve-status -s INT 2 %s "
                                "sweep steps=3,1000000 --quiet --out cut >said 2>&1",
                                bench.folder, bench.program);
    int status = system(command);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    char *runs = bench_read(&bench, "cut/runs.csv");
    CHECK(line_count(runs) >= 2);
    CHECK(runs && strstr(runs, ",ok,"));
    CHECK(lines_of("cut/manifest.json") > 1);
    free(runs);
    free(command);
    bench_close(&bench);
}

/* One step of many minutes; where the host is slow, the interrupt comes before it. What would go on is killed. */
static void an_interrupt_ends_a_step_that_takes_long(void)
{
    bench_open(&bench, fixtures);
    char *command = memory_text("cd %s && timeout --foreground --preserve-status -k 30 -s INT 0.6 %s run math=off "
                                "strategy=data nodes=4096 batch=4096 steps=1 model=gpt:layers=8,width=1024 "
                                "allreduce=ring netmodel=loggp clock.resolver=lanes --out cut >said 2>&1",
                                bench.folder, bench.program);
    int status = system(command);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    char *runs = bench_read(&bench, "cut/runs.csv"), *said = bench_read(&bench, "said");
    CHECK_EQUAL(line_count(runs), 2);
    CHECK(runs && strstr(runs, ",failed,interrupted "));
    CHECK_EQUAL(lines_of("cut/steps.csv"), 1);
    CHECK(said && !strstr(said, "100 %"));
    free(said);
    free(runs);
    free(command);
    bench_close(&bench);
}

static void all_slips_are_told_at_once(void)
{
    static const char *const slips[] = {"nodes=x", "strategy=dta", "netmodel=flw", "model=mlp:6-o",
                                        "allreduce=rong"};
    bench_open(&bench, fixtures);
    run("run nodes=x strategy=dta netmodel=flw model=mlp:6-o allreduce=rong", 2);
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        CHECK(strstr(outcome.err, slips[i]) != NULL);
    CHECK_EQUAL(line_count(outcome.err), 5);
    bench_close(&bench);
}

/* Asking for permission is not enough: the superuser has it in /proc, where no folder can be made. */
static void a_folder_that_cannot_be_made_is_found_before_training(void)
{
    bench_open(&bench, fixtures);
    static const char *const ways[] = {"run steps=1000000000", "sweep steps=1000000000 nodes=1,2",
                                       "partition partition=iid nodes=2", "bench allreduce nodes=2", "demo"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char words[100];
        snprintf(words, sizeof words, "%s --quiet --out /proc/x", ways[i]);
        run(words, 2);
        CHECK_TEXT(outcome.err, "threadrack: --out: cannot write into the folder '/proc/x': No such file or directory\n");
    }
    bench_close(&bench);
}

static void tables_say_what_ran(void)
{
    bench_open(&bench, fixtures);
    run("bench allreduce nodes=2 -b 8 -e 8 --quiet --out b", 0);
    char *rows = bench_read(&bench, "b/bench.csv");
    CHECK(rows && strstr(rows, "\n0,allreduce,inline,2,"));
    free(rows);
    run("bench allreduce nodes=2 cluster=ethernet-1g -b 8 -e 8 --quiet --json", 0);
    CHECK(strstr(outcome.out, "\"cluster\": \"ethernet-1g\"") != NULL);
    /* Of two nodes that take turns, and one of whom has a little more to do. */
    run("sweep strategy=pipeline nodes=2 microbatches=1,8 math=off steps=1 netmodel=ideal --quiet", 0);
    CHECK(strstr(outcome.out, "  communication    idle  imbalance") != NULL);
    CHECK(strstr(outcome.out, "0.0 %  46.1 %") != NULL);
    bench_close(&bench);
}

/* As a run would. */
static void what_a_topology_leaves_out_is_told(void)
{
    static const struct fixture platform = {
        "p.xml", "<platform version=\"4.1\"><zone id=\"z\" routing=\"Full\"><host id=\"a\" speed=\"1Gf\">"
                 "<prop id=\"watts\" value=\"3\"/></host><host id=\"b\" speed=\"1Gf\"/>"
                 "<link id=\"l\" bandwidth=\"1GBps\" latency=\"1us\"/><route src=\"a\" dst=\"b\">"
                 "<link_ctn id=\"l\"/></route></zone></platform>\n", 0};
    static const struct fixture files[] = {platform, {NULL, NULL, 0}};
    bench_open(&bench, files);
    run("topology cluster=p.xml", 0);
    CHECK(strstr(outcome.err, "note: ") && strstr(outcome.err, "watts"));
    bench_close(&bench);
}

static void a_topology_is_drawn_and_printed_as_json(void)
{
    bench_open(&bench, fixtures);
    run("topology cluster.topology=ring nodes=3 --dot -", 0);
    CHECK(strstr(outcome.out, "graph \"") == outcome.out);
    CHECK(strstr(outcome.out, "  node0 -- node1 [") && strstr(outcome.out, "  node2 -- node0 ["));
    run("topology cluster.topology=star nodes=3 --dot star.dot --json", 0);
    char *graph = bench_read(&bench, "star.dot");
    CHECK(graph && strstr(graph, "switch0 [shape=box]"));
    free(graph);
    json_t *object = json_loads(outcome.out, 0, NULL);
    CHECK_EQUAL(json_integer_value(json_object_get(object, "nodes")), 3);
    CHECK_EQUAL(json_integer_value(json_object_get(object, "diameter")), 2);
    json_decref(object);
    if (!system("dot -V >/dev/null 2>&1")) {
        run("topology cluster.topology=star nodes=3 --png star.png", 0);
        char *picture = bench_read(&bench, "star.png");
        CHECK(picture && !memcmp(picture, "\211PNG", 4));
        free(picture);
    }
    bench_close(&bench);
}

static void a_partition_is_shown_before_training(void)
{
    bench_open(&bench, fixtures);
    run("partition strategy=data nodes=4 partition=shards,quantity --quiet --out skew", 0);
    CHECK(strstr(outcome.out, "shards of digits over 4 nodes: 1437 training rows") == outcome.out);
    CHECK_EQUAL(lines_of("skew/partition.csv"), 1 + 2 * 4 * 10);
    run("partition strategy=data nodes=4 partition=none,iid --quiet", 0);
    CHECK(strstr(outcome.out, "give a partition such as") != NULL);
    bench_close(&bench);
}

static void a_text_goes_on_the_same_way_each_time(void)
{
    static struct outcome first;
    bench_open(&bench, fixtures);
    run("run model=gpt:layers=1,heads=2,width=16,context=16 data=devils-dictionary steps=4 --quiet "
        "save=gpt.safetensors", 0);
    run("sample model=gpt:layers=1,heads=2,width=16,context=16 init=gpt.safetensors --prompt LOVE "
        "--length 60", 0);
    first = outcome;
    CHECK(!strncmp(outcome.out, "LOVE", 4) && strlen(outcome.out) == 4 + 60 + 1);
    run("sample model=gpt:layers=1,heads=2,width=16,context=16 init=gpt.safetensors --prompt LOVE "
        "--length 60", 0);
    CHECK_TEXT(outcome.out, first.out);
    run("sample model=gpt:layers=1,heads=2,width=16,context=16 init=gpt.safetensors --prompt LOVE "
        "--length 60 seed=2", 0);
    CHECK(strcmp(outcome.out, first.out));
    bench_close(&bench);
}

static void notes_of_a_sweep_are_said_once(void)
{
    bench_open(&bench, fixtures);
    run("sweep strategy=data nodes=2,4,8 math=off steps=1 --quiet", 0);
    const char *note = strstr(outcome.out, "note (run 0): netmodel=flow: messages have");
    CHECK(note && !strstr(note + 1, "note (run 1)"));
    CHECK(note && strstr(note, "[alike, with figures of their own: runs 1, 2]"));
    bench_close(&bench);
}

/* A federated round is no step like the others'. */
static void only_like_steps_race(void)
{
    bench_open(&bench, fixtures);
    run("sweep strategy=async_server,fedavg nodes=5 partition=iid federated.clients=2 math=off steps=2 --quiet", 0);
    CHECK(strstr(outcome.out, "which strategy won") == NULL);
    run("sweep strategy=data,async_server,fedavg nodes=5 partition=iid federated.clients=2 math=off steps=2 --quiet",
        0);
    const char *won = strstr(outcome.out, "which strategy won");
    CHECK(won && strstr(won, "x async_server") && !strstr(won, "x fedavg"));
    bench_close(&bench);
}

static void a_full_disk_is_told(void)
{
    bench_open(&bench, fixtures);
    char *command = memory_text("mkdir %s/full && ln -s /dev/full %s/full/steps.csv", bench.folder,
                                bench.folder);
    CHECK(system(command) == 0);
    run("run math=off steps=3 --out full", 1);
    CHECK(strstr(outcome.err, "No space left on device") != NULL);
    free(command);
    bench_close(&bench);
}

SUITE("cli: commands", TEST(help_and_version_are_everywhere),
      TEST(a_run_prints_and_writes_only_where_told),
      TEST(a_sweep_goes_on_past_points_that_do_not_fit), TEST(jobs_do_not_change_the_bytes),
      TEST(every_family_lists_something), TEST(an_interrupt_keeps_what_is_finished),
      TEST(an_interrupt_ends_a_step_that_takes_long),
      TEST(all_slips_are_told_at_once),
      TEST(a_folder_that_cannot_be_made_is_found_before_training), TEST(tables_say_what_ran),
      TEST(a_topology_is_drawn_and_printed_as_json), TEST(what_a_topology_leaves_out_is_told), TEST(a_partition_is_shown_before_training),
      TEST(a_text_goes_on_the_same_way_each_time),
      TEST(notes_of_a_sweep_are_said_once), TEST(only_like_steps_race),
      TEST(a_full_disk_is_told));
