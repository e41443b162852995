/* What lies in nodes' regions: the same by kind in a real run as counted, and what is said of a run that
 * does not fit. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

static void are_all_nodes(const struct result *result)
{
    int node = 0;
    for (int i = 0; i < result->memory_count; i++) {
        CHECK_EQUAL(result->memory[i].first, node);
        for (; node <= result->memory[i].last; node++)
            CHECK(!memcmp(result->memory[i].bytes, result->node[node].memory_bytes,
                          sizeof result->memory[i].bytes));
    }
    CHECK_EQUAL(node, result->nodes);
}

static void every_strategy_counts_what_it_takes(void)
{
    for (int i = 0; strategies[i]; i++) {
        const struct strategy *strategy = strategies[i];
        int nodes = nodes_for(strategy, 4);
        struct result *real = run("model=mlp:64-64x4-10 strategy=%s nodes=%d steps=1 optimizer=adamw",
                                  strategy_words(strategy), nodes);
        struct result *counted = run("model=mlp:64-64x4-10 strategy=%s nodes=%d steps=1 optimizer=adamw math=off",
                                     strategy_words(strategy), nodes);
        CHECK_EQUAL(real->memory_count, counted->memory_count);
        CHECK(!memcmp(real->memory, counted->memory,
                      (size_t)real->memory_count * sizeof *real->memory));
        are_all_nodes(real);
        result_free(real);
        result_free(counted);
    }
}

static const char *const large =
    "strategy=hybrid nodes=4 math=off steps=1 optimizer=adamw batch=16 "
    "model=gpt:layers=4,heads=4,width=64,context=16,vocabulary=128 ";

/* The mesh that is named runs where the one asked for does not. */
static void names_one_that_runs(const char *memory, const char *mesh, const char *words)
{
    char line[512];
    int data = 0, tensor = 0, pipeline = 0;
    snprintf(line, sizeof line, "%s cluster.device.memory=%s %s %s", large, memory, words, mesh);
    struct result *result = run_refused(line, STATUS_OUT_OF_MEMORY);
    const char *named = strstr(result->reason, "nearest mesh that fits is ");
    CHECK_FATAL(named != NULL);
    CHECK_EQUAL(sscanf(strstr(named, "mesh.data"), "mesh.data=%d mesh.tensor=%d mesh.pipeline=%d", &data,
                       &tensor, &pipeline), 3);
    result_free(result);
    result_free(run("%s cluster.device.memory=%s %s mesh.data=%d mesh.tensor=%d mesh.pipeline=%d", large,
                    memory, words, data, tensor, pipeline));
}

/* And the table is there. */
static void the_nearest_mesh_that_fits(void)
{
    char line[512];
    snprintf(line, sizeof line, "%s cluster.device.memory=3MiB %s", large,
             "mesh.data=4 mesh.tensor=1 mesh.pipeline=1");
    struct result *result = run_refused(line, STATUS_OUT_OF_MEMORY);
    CHECK(strstr(result->reason, "node 0 needs ") && strstr(result->reason, "optimizer "));
    CHECK(result->memory && result->memory[0].capacity == 3 << 20);
    result_free(result);
    names_one_that_runs("3MiB", "mesh.data=4 mesh.tensor=1 mesh.pipeline=1", "");
}

/* What is asked for is made anew for each mesh that is tried. */
static void with_all_that_is_asked_for(void)
{
    names_one_that_runs("3MiB", "mesh.data=4 mesh.tensor=1 mesh.pipeline=1", "shares=speed cluster.slow.nodes=0");
    names_one_that_runs("3MiB", "mesh.data=4 mesh.tensor=1 mesh.pipeline=1", "shares=1:1:1:5");
    names_one_that_runs("3MiB", "mesh.data=4 mesh.tensor=1 mesh.pipeline=1", "pipeline.split=even");
    names_one_that_runs("3MiB", "mesh.data=2 mesh.tensor=2 mesh.pipeline=1", "tensor.sequence=on");
    names_one_that_runs("1600KiB", "mesh.data=2 mesh.tensor=1 mesh.pipeline=2",
                        "pipeline.schedule=interleaved microbatches=4");
}

static void where_no_mesh_helps(void)
{
    static const char *const model = "strategy=data nodes=4 math=off steps=1 optimizer=adamw "
                                     "model=mlp:64-128x8-10 bucket=4B cluster.device.memory=";
    char line[512];
    snprintf(line, sizeof line, "%s1MiB", model);
    struct result *result = run_refused(line, STATUS_OUT_OF_MEMORY);
    CHECK(strstr(result->reason, "with zero=3 it fits") != NULL);
    result_free(result);
    result_free(run("%s1MiB zero=3", model));
    snprintf(line, sizeof line, "%s cluster.device.memory=64KiB", large);
    result = run_refused(line, STATUS_OUT_OF_MEMORY);
    CHECK(strstr(result->reason, "no mesh of 4 nodes fits") != NULL);
    result_free(result);
}

SUITE("experiment: memory", TEST(every_strategy_counts_what_it_takes), TEST(the_nearest_mesh_that_fits),
      TEST(with_all_that_is_asked_for),
      TEST(where_no_mesh_helps));
