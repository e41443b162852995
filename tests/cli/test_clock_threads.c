/* clock.threads=2 writes the bytes of clock.threads=1: tables, timeline, links and GOAL text, of every
 * strategy under every netmodel, by every resolver, and of runs that a resolver is lost in. */
#include "tests/check.h"

#include "child.h"
#include "tests/strategy/fixture.h"
#include "threadrack/base/memory.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/clock/resolver.h"
#include "threadrack/strategy/strategy.h"

#include <stdlib.h>
#include <string.h>

static const struct fixture no_files[] = {{NULL, NULL, 0}};
static struct bench bench;
static struct outcome outcomes[2];

static bool same_file(const char *name, bool wanted)
{
    char *path[2], *bytes[2];
    for (int i = 0; i < 2; i++) {
        path[i] = memory_text("%d/%s", i + 1, name);
        bytes[i] = bench_read(&bench, path[i]);
    }
    bool same = bytes[0] && bytes[1] ? !strcmp(bytes[0], bytes[1]) : !wanted && !bytes[0] && !bytes[1];
    for (int i = 0; i < 2; i++) {
        free(path[i]);
        free(bytes[i]);
    }
    return same;
}

/* Runs it with one thread and with two; true: both came to their end. */
static bool both_alike(const char *words, bool watched)
{
    static const char *const files[] = {"runs.csv", "steps.csv", "nodes.csv"};
    static const char *const seen[] = {"links.csv", "trace.json", "run.goal"};
    for (int i = 0; i < 2; i++) {
        char *line = memory_text("run %s math=off clock.threads=%d --quiet --out %d %s", words, i + 1,
                                 i + 1, !watched ? ""
                                 : i             ? "links=on trace=2/trace.json goal=2/run.goal"
                                                 : "links=on trace=1/trace.json goal=1/run.goal");
        bench_run(&bench, line, &outcomes[i]);
        free(line);
    }
    CHECK_EQUAL(outcomes[0].code, outcomes[1].code);
    bool same = true, ran = outcomes[0].code == 0;
    for (int i = 0; i < 3; i++)
        same = same_file(files[i], ran) && same;
    for (int i = 0; i < 3; i++)
        same = same_file(seen[i], ran && watched) && same;
    if (!same || outcomes[0].code != outcomes[1].code)
        fprintf(stderr, "\n%s: other bytes with two threads\n%s%s", words, outcomes[0].err,
                outcomes[1].err);
    CHECK(same);
    return ran;
}

static void clean(void)
{
    bench_close(&bench);
    bench_open(&bench, no_files);
    char *line = memory_text("mkdir %s/1 %s/2", bench.folder, bench.folder);
    CHECK(system(line) == 0);
    free(line);
}

static void everything_is_the_same(void)
{
    int watched = 0, ran[8] = {0};
    bench_open(&bench, no_files);
    for (int s = 0; strategies[s]; s++)
        for (int n = 0; netmodels[n]; n++) {
            char *words = memory_text(
                "strategy=%s netmodel=%s nodes=%d model=mlp:64-16x3-10 batch=64 steps=%d bucket=1KiB",
                strategy_words(strategies[s]), netmodels[n]->name, nodes_for(strategies[s], 4), 48);
            clean();
            watched += both_alike(words, true);
            /* Every resolver meets every netmodel and every strategy, but not all three together. */
            for (int r = 0; resolvers[r]; r++) {
                if ((r + s + n) % 3)
                    continue;
                char *forced = memory_text("%s clock.resolver=%s", words, resolvers[r]->name);
                clean();
                ran[r] += both_alike(forced, false);
                free(forced);
            }
            free(words);
        }
    CHECK(watched >= 16);
    for (int r = 0; resolvers[r]; r++)
        CHECK(ran[r] > 0);
    bench_close(&bench);
}

/* Where a resolver is lost, in which op of which step must not depend on threads, nor what is said. */
static void the_lost_are_the_same(void)
{
    static const char *const ports[] = {"program_order", "arrival"};
    bench_open(&bench, no_files);
    for (int s = 0; strategies[s]; s++)
        for (int i = 0; i < 2; i++) {
            char *words = memory_text("strategy=%s nodes=%d steps=100 netmodel=loggp bucket=1KiB "
                                      "cluster.loggp.ports=%s cluster.loggp.overhead=1us",
                                      strategy_words(strategies[s]), nodes_for(strategies[s], 8),
                                      ports[i]);
            clean();
            both_alike(words, false);
            if (strcmp(outcomes[0].err, outcomes[1].err))
                fprintf(stderr, "\n%s: said\n%swith two threads\n%s", words, outcomes[0].err, outcomes[1].err);
            CHECK(!strcmp(outcomes[0].err, outcomes[1].err));
            free(words);
        }
    bench_close(&bench);
}

SUITE("cli: clock threads", TEST(everything_is_the_same), TEST(the_lost_are_the_same));
