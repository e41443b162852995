/* Timelines keep the format's rules for every strategy under every netmodel, and change no result. */
#include "tests/strategy/fixture.h"

#include "threadrack/base/memory.h"

#include "trace_check.h"

#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/tmp/threadrack-timeline"

static char *path_of(const char *name)
{
    return memory_text(FOLDER "-%d-%s", (int)getpid(), name);
}

static struct trace_counts checked(const char *path)
{
    struct trace_counts counts;
    const char *said = trace_check(path, &counts);
    if (said)
        fprintf(stderr, "\n%s: %s\n", path, said);
    CHECK(!said);
    return counts;
}

static void the_same(const struct result *a, const struct result *b)
{
    CHECK_EQUAL(a->length_ps, b->length_ps);
    CHECK_EQUAL(a->messages_sent, b->messages_sent);
    CHECK(!memcmp(a->node, b->node, (size_t)a->nodes * sizeof *a->node));
}

static void every_strategy_and_netmodel(void)
{
    char *path = path_of("all.json.gz");
    for (int s = 0; strategies[s]; s++)
        for (int m = 0; netmodels[m]; m++) {
            int nodes = strcmp(strategies[s]->name, "single") ? 4 : 1;
            nodes = strcmp(strategies[s]->name, "pipeline") ? nodes : 3;
            struct result *bare = run("strategy=%s netmodel=%s nodes=%d steps=4 math=off links=off",
                                      strategy_words(strategies[s]), netmodels[m]->name, nodes);
            struct result *traced =
                run("strategy=%s netmodel=%s nodes=%d steps=4 math=off links=on trace=%s "
                    "trace.steps=2:3",
                    strategy_words(strategies[s]), netmodels[m]->name, nodes, path);
            the_same(bare, traced);
            struct trace_counts counts = checked(path);
            CHECK_EQUAL(counts.processes, nodes + 1);
            CHECK(counts.slices > 0 && (nodes == 1) == (counts.arrows == 0));
            CHECK((nodes == 1 || netmodels[m]->free_of_cost) == (counts.counters == 0));
            CHECK_EQUAL(counts.rates, netmodels[m]->shares_links ? counts.counters : 0);
            /* Two of four steps that are alike, but for what a server is handed before the first. */
            if (!strategies[s]->runs_free)
                CHECK_EQUAL(2 * counts.arrows + strategies[s]->serves_shares,
                            (long long)traced->messages_sent);
            result_free(bare);
            result_free(traced);
            remove(path);
        }
    free(path);
}

/* The same bytes on every link as in the run that the GOAL text stems from; zero-byte messages too. */
static void the_same_links(const struct result *run, const struct result *replay)
{
    CHECK_EQUAL(run->link_count, replay->link_count);
    for (int i = 0; i < run->link_count && i < replay->link_count; i++) {
        CHECK_EQUAL(run->link[i].record.bytes, replay->link[i].record.bytes);
        CHECK_EQUAL(run->link[i].record.messages, replay->link[i].record.messages);
    }
}

static void one_replay(const struct result *source, const char *goal, const char *netmodel,
                       const char *rules, const char *path)
{
    struct result *bare = run("strategy=replay replay.goal=%s replay.rules=%s netmodel=%s math=off "
                              "links=off steps=3", goal, rules, netmodel);
    struct result *traced = run("strategy=replay replay.goal=%s replay.rules=%s netmodel=%s math=off "
                                "steps=3 trace=%s trace.steps=2:3", goal, rules, netmodel, path);
    the_same(bare, traced);
    struct trace_counts counts = checked(path);
    CHECK_EQUAL(counts.processes, 8 + 1);
    CHECK_EQUAL(3 * counts.arrows, 2 * (long long)traced->messages_sent);
    CHECK(counts.slices > 2 * counts.arrows);
    if (!strcmp(netmodel, "flow"))
        CHECK(counts.rates > 0 && counts.rates == counts.counters);
    CHECK_EQUAL(3 * source->messages_sent, traced->messages_sent);
    CHECK(traced->hottest_link >= 0);
    result_free(bare);
    result_free(traced);
    remove(path);
}

static void replays(void)
{
    char *goal = path_of("run.goal"), *path = path_of("replay.json");
    struct result *source = run("strategy=hybrid mesh.data=2 mesh.tensor=2 mesh.pipeline=2 nodes=8 steps=1 "
                                "math=off goal=%s", goal);
    struct result *once = run("strategy=replay replay.goal=%s math=off", goal);
    the_same_links(source, once);
    for (int m = 0; netmodels[m]; m++) {
        one_replay(source, goal, netmodels[m]->name, "goal", path);
        one_replay(source, goal, netmodels[m]->name, "rack", path);
    }
    result_free(once);
    result_free(source);
    remove(goal);
    free(goal);
    free(path);
}

static bool has_track(const char *path, const char *name)
{
    char *command = memory_text("grep -q '\"args\":{\"name\":\"%s\"}' %s", name, path);
    int status = system(command);
    free(command);
    return status == 0;
}

static void tracks_have_names(void)
{
    static const char text[] = "num_ranks 2\n"
                               "rank 0 {\ncalc 5 cpu 1\nsend 9b to 1\nsend 9b to 1 tag 1\n}\n"
                               "rank 1 {\nrecv 9b from 0\nrecv 9b from 0 tag 1\n}\n";
    char *goal = path_of("cpus.goal"), *path = path_of("names.json");
    result_free(run("strategy=hybrid mesh.data=2 mesh.tensor=2 mesh.pipeline=2 nodes=8 steps=1 math=off "
                    "trace=%s", path));
    CHECK(has_track(path, "data over 2 nodes: collectives"));
    CHECK(has_track(path, "pipeline over 2 nodes: sends"));
    FILE *file = fopen(goal, "w");
    CHECK_FATAL(file != NULL);
    fputs(text, file);
    fclose(file);
    result_free(run("strategy=replay replay.goal=%s math=off netmodel=flow trace=%s", goal, path));
    checked(path);
    CHECK(has_track(path, "compute on cpu 1"));
    CHECK(has_track(path, "sends 2") && has_track(path, "receives 2"));
    CHECK(!has_track(path, "sends 3"));
    remove(goal);
    remove(path);
    free(goal);
    free(path);
}

/* The steps of a collective of several strands lie on a track for each, where its messages begin and
 * end. */
static void strands_have_tracks(void)
{
    char *path = path_of("strands.json");
    struct result *bare = run("strategy=data nodes=4 steps=2 math=off links=off cluster.topology=torus "
                              "allreduce=torus2d");
    struct result *traced = run("strategy=data nodes=4 steps=2 math=off cluster.topology=torus "
                                "allreduce=torus2d trace=%s trace.steps=all",
                                path);
    the_same(bare, traced);
    struct trace_counts counts = checked(path);
    CHECK_EQUAL(counts.arrows, (long long)traced->messages_sent);
    CHECK(counts.slices > counts.arrows); /* a step a message, besides operations and computing */
    CHECK(has_track(path, "data over 4 nodes: collectives, strand 1"));
    CHECK(has_track(path, "data over 4 nodes: collectives, strand 2"));
    CHECK(!has_track(path, "data over 4 nodes: collectives, strand 9"));
    result_free(bare);
    result_free(traced);
    remove(path);
    free(path);
}

static void nodes_bound_it(void)
{
    char *path = path_of("some.json");
    struct result *result = run("strategy=data nodes=8 steps=3 math=off trace=%s trace.steps=1+3 "
                                "trace.nodes=0:1+5 allreduce=ring",
                                path);
    struct trace_counts some = checked(path);
    CHECK_EQUAL(some.processes, 4);
    CHECK_EQUAL(some.arrows, 2 * 14); /* of the ring's, only node 0's to node 1 have both ends */
    CHECK_EQUAL(some.counters, 10);   /* both directions of 0, 1, 5, out of 4, into 2, 6, out of 7 */
    bool said = false;
    for (int i = 0; i < result->note_count; i++)
        said |= strstr(result->notes[i], "2 of 3 steps and 3 of 8 nodes") != NULL;
    CHECK(said);
    result_free(result);
    remove(path);
    free(path);
}

static void a_real_run_has_the_timeline_of_a_timing_only_run(void)
{
    char *real = path_of("real.json"), *timing = path_of("timing.json");
    result_free(run("strategy=data nodes=3 steps=3 trace=%s", real));
    result_free(run("strategy=data nodes=3 steps=3 math=off trace=%s", timing));
    char *compare = memory_text("cmp %s %s", real, timing);
    CHECK_EQUAL(system(compare), 0);
    remove(real);
    remove(timing);
    free(compare);
    free(real);
    free(timing);
}

static void a_full_disk_leaves_nothing(void)
{
    char *path = path_of("full.json"), *part = memory_text("%s.part", path);
    CHECK_EQUAL(symlink("/dev/full", part), 0);
    struct errors errors;
    errors_init(&errors);
    char line[256];
    snprintf(line, sizeof line, "strategy=data nodes=2 steps=2 math=off trace=%s", path);
    struct config *config = config_of(line, &errors);
    struct result *result = experiment_run(config, this_host(), (struct seat_range){0, 1},
                                           (struct progress_hook){0}, &errors);
    CHECK_EQUAL(result->status, STATUS_FAILED);
    CHECK(result->reason && strstr(result->reason, "No space left"));
    CHECK(access(path, F_OK) && access(part, F_OK));
    result_free(result);
    config_free(config);
    errors_release(&errors);
    free(path);
    free(part);
}

/* The checker can fail: each text breaks one rule. */
static void the_checker_sees_what_is_wrong(void)
{
#define NAMES                                                                                      \
    "{\"ph\":\"M\",\"pid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"n\"}},"                \
    "{\"ph\":\"M\",\"pid\":0,\"tid\":0,\"name\":\"thread_name\",\"args\":{\"name\":\"t\"}},"
#define B(ts) "{\"ph\":\"B\",\"pid\":0,\"tid\":0,\"ts\":" #ts ",\"name\":\"x\"}"
#define E(ts) "{\"ph\":\"E\",\"pid\":0,\"tid\":0,\"ts\":" #ts "}"
#define ARROW(ph, ts) "{\"ph\":\"" #ph "\",\"pid\":0,\"tid\":0,\"ts\":" #ts ",\"id\":1,\"cat\":\"m\"}"
#define C(ts, n) "{\"ph\":\"C\",\"pid\":0,\"ts\":" #ts ",\"name\":\"c\",\"args\":{\"bytes\":" #n "}}"
    static const struct {
        const char *events, *said;
    } cases[] = {
        {NAMES B(1) "," E(2) "," C(1, 5) "," C(2, 0), NULL},
        {NAMES B(1) "," E(3) "," ARROW(s, 1) "," ARROW(f, 3), NULL},
        {B(1) "," E(2), "has no name"},
        {NAMES B(1), "never ends"},
        {NAMES E(1), "without a beginning"},
        {NAMES B(2) "," E(1), "negative length"},
        {NAMES B(1) "," E(3) "," ARROW(s, 1), "one end only"},
        {NAMES B(1) "," E(3) "," ARROW(s, 1) "," ARROW(f, 4), "outside every slice"},
        {NAMES B(1) "," E(3) "," ARROW(s, 2) "," ARROW(f, 1), "goes back in time"},
        {NAMES C(2, 5) "," C(1, 0), "goes back in time"},
        {NAMES C(2, 5), "does not end at 0"},
        {NAMES "{\"ph\":\"X\",\"pid\":0}", "of kind 'X'"},
        {NAMES "{\"ph\":\"B\",\"pid\":0,\"tid\":0,\"name\":\"x\"}", "has no time"},
        {NAMES "nonsense", "is no JSON"},
    };
    char *path = path_of("case.json");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trace_counts counts;
        FILE *file = fopen(path, "w");
        CHECK_FATAL(file != NULL);
        fprintf(file, "{\"traceEvents\":[%s]}", cases[i].events);
        fclose(file);
        const char *said = trace_check(path, &counts);
        CHECK(cases[i].said ? said && strstr(said, cases[i].said) : !said);
        if (said && (!cases[i].said || !strstr(said, cases[i].said)))
            fprintf(stderr, "\ncase %zu: said '%s'\n", i, said);
    }
    remove(path);
    free(path);
}

SUITE("experiment: timeline", TEST(every_strategy_and_netmodel), TEST(replays),
      TEST(tracks_have_names), TEST(nodes_bound_it), TEST(strands_have_tracks),
      TEST(a_real_run_has_the_timeline_of_a_timing_only_run), TEST(a_full_disk_leaves_nothing),
      TEST(the_checker_sees_what_is_wrong));
