/* Timing-only runs of a hundred thousand ranks: how much memory the program takes a rank. */
#include "tests/check.h"

#include "child.h"

#include <jansson.h>
#include <stdlib.h>

/* Sanitizers keep memory of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEASURES_MEMORY false
#else
#define MEASURES_MEMORY true
#endif

enum { RANKS = 100000, RANKS_SANITIZED = 400 };

static struct bench bench;
static struct outcome outcome;

/* As the program itself has seen: what its parent is told counts the parent's own memory, too, from
 * before the program was begun. */
static long peak_told(void)
{
    char *manifest = bench_read(&bench, "out/manifest.json");
    json_t *object = json_loads(manifest ? manifest : "", 0, NULL);
    json_t *host = json_object_get(object, "host");
    long peak = (long)json_integer_value(json_object_get(host, "peak_memory_bytes"));
    json_decref(object);
    free(manifest);
    return peak / 1024;
}

static long peak_kib(const char *words, int ranks)
{
    char line[512];
    snprintf(line, sizeof line, "run nodes=%d %s math=off --quiet --out out", ranks, words);
    bench_ends(&bench, line, &outcome, 0);
    return peak_told();
}

/* What a rank adds to what the program takes with a few; all of a run, the cluster and its rows
 * too. */
static void takes_at_most(const char *words, long bytes_a_rank)
{
    bench_open(&bench, &(struct fixture){NULL, NULL, 0});
    int ranks = MEASURES_MEMORY ? RANKS : RANKS_SANITIZED;
    long few = peak_kib(words, 4), many = peak_kib(words, ranks);
    long a_rank = (many - few) * 1024 / ranks;
    if (MEASURES_MEMORY && (a_rank > bytes_a_rank || getenv("THREADRACK_TALLY")))
        fprintf(stderr, "\n%s takes %ld bytes a rank\n", words, a_rank);
    CHECK(!MEASURES_MEMORY || (a_rank > 100 && a_rank <= bytes_a_rank));
    bench_close(&bench);
}

static void data_by_kernel(void)
{
    takes_at_most("strategy=data batch=100000 netmodel=loggp cluster.loggp.ports=program_order "
                  "allreduce=recursive_doubling steps=3",
                  1088);
}

static void data_by_windows(void)
{
    takes_at_most("strategy=data batch=100000 netmodel=loggp allreduce=recursive_doubling steps=2",
                  1250);
}

/* Pipelines keep several lanes busy. */
static void hybrid_by_lanes(void)
{
    takes_at_most("strategy=hybrid batch=25000 mesh.tensor=2 mesh.pipeline=2 netmodel=loggp "
                  "allreduce=binomial steps=1",
                  2304);
}

static void hybrid_by_events(void)
{
    takes_at_most("strategy=hybrid batch=25000 mesh.tensor=2 mesh.pipeline=2 netmodel=ideal "
                  "allreduce=binomial steps=1",
                  2304);
}

SUITE("cli: scale", TEST(data_by_kernel), TEST(data_by_windows), TEST(hybrid_by_lanes), TEST(hybrid_by_events));
