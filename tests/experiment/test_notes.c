/* What is said aloud is true of the run. */
#include "tests/strategy/fixture.h"

static bool says(const struct result *result, const char *words)
{
    for (int i = 0; i < result->note_count; i++)
        if (strstr(result->notes[i], words))
            return true;
    return false;
}

static void links_are_uncounted_for_the_true_reason(void)
{
    static const struct {
        const char *words, *why;
    } rows[] = {
        {"nodes=65 batch=65", "links are not counted: there are more than 64 nodes"},
        {"nodes=4 netmodel=loggp clock.resolver=dataflow", "links are not counted: clock.resolver=dataflow"},
        {"nodes=4 netmodel=hockney collectives=closed_form", "links are not counted: collectives=closed_form"},
        {"nodes=64 cluster.topology=full_mesh links=off", NULL},
        {"nodes=4", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct result *result = run("strategy=data math=off steps=1 %s", rows[i].words);
        CHECK_EQUAL(says(result, rows[i].why ? rows[i].why : "links are not counted"), rows[i].why != NULL);
        result_free(result);
    }
}

static void a_choice_is_told_where_one_was_made(void)
{
    struct result *result = run("strategy=data math=off steps=1 nodes=70 batch=70 netmodel=loggp");
    CHECK(says(result, "allreduce=auto chose by closed forms"));
    result_free(result);
    result = run("strategy=gossip math=off steps=1 nodes=70 batch=70 netmodel=loggp");
    CHECK(!says(result, "allreduce=auto chose"));
    result_free(result);
}

static void reasons_name_no_source(void)
{
    struct result *result = run("strategy=data math=off steps=1 nodes=4 netmodel=loggp links=off allreduce=torus2d cluster.topology=torus cluster.torus.dimensions=2x2");
    CHECK(says(result, "several strands"));
    CHECK(!says(result, ".h)"));
    result_free(result);
}

static void what_changes_nothing_is_told(void)
{
    static const char *const words[] = {"cluster.slow.fraction=0.1", "cluster.slow.link_fraction=0.05",
                                        "replay.rules=rack", "cluster.format=astra"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct result *result = run("strategy=data nodes=4 math=off steps=1 %s", words[i]);
        CHECK_EQUAL(says(result, words[i]), 1);
        result_free(result);
    }
    struct result *slow = run("strategy=data nodes=4 math=off steps=1 %s", "cluster.slow.fraction=0.25");
    CHECK_EQUAL(says(slow, "cluster.slow.fraction"), 0);
    result_free(slow);
    struct result *wide = run("steps=1 model=mlp:%s", "64-64");
    CHECK_EQUAL(says(wide, "tells 64 classes apart, but data=digits has 10"), 1);
    result_free(wide);
}

SUITE("experiment: notes", TEST(what_changes_nothing_is_told), TEST(links_are_uncounted_for_the_true_reason),
      TEST(a_choice_is_told_where_one_was_made), TEST(reasons_name_no_source));
