/* How layers go to stages: the network learns the same, and stages weigh what their nodes can do. */
#include "tests/strategy/fixture.h"

static void every_split_learns_as_one_node(void)
{
    static const char *const lines[] = {
        "strategy=pipeline nodes=3 pipeline.split=even", "strategy=pipeline nodes=3 pipeline.split=1:3:1",
        "strategy=pipeline nodes=3 pipeline.split=by_speed cluster.slow.nodes=0@0.3 pipeline.schedule=1f1b",
        "strategy=hybrid mesh.data=2 mesh.tensor=2 mesh.pipeline=2 pipeline.split=2:3",
        "strategy=hybrid mesh.data=2 mesh.tensor=2 mesh.pipeline=2 pipeline.split=by_speed shares=speed "
        "cluster.slow.nodes=1@0.3"};
    struct result *single = run("strategy=single model=mlp:64-32x4-10 steps=20 batch=48");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct result *other = run("%s model=mlp:64-32x4-10 steps=20 batch=48", lines[i]);
        for (int step = 0; step < 20; step++)
            CHECK_NEAR(other->step[step].loss, single->step[step].loss, 1e-4 * single->step[step].loss);
        result_free(other);
    }
    result_free(single);
}

/* Twelve equal layers, a node of a third and one of two thirds of the speed: 6, 2 and 4 take equally long. */
static void stages_take_equally_long(void)
{
    struct result *result =
        run("math=off steps=1 netmodel=ideal strategy=pipeline nodes=3 microbatches=8 "
            "cluster.slow.nodes=1@0.333333333333+2@0.666666666667 pipeline.split=by_speed "
            "model=stages:12,forward=1us,backward_input=1us,backward_weight=1us cluster.device.launch=0s");
    for (int i = 0; i < 3; i++)
        CHECK_NEAR((double)result->node[i].compute_ps, 8 * 18e6, 1e3);
    CHECK_NEAR((double)result->length_ps, (8 + 2) * 18e6, 2e3); /* the bubble of equal stages */
    result_free(result);
}

static void refused(const char *words, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "math=off model=mlp:64-32x4-10 strategy=pipeline nodes=3 %s", words);
    refuses(line, why);
}

static void what_does_not_fit_is_refused(void)
{
    refused("pipeline.split=1:1:1", "together the model's 5");
    refused("pipeline.split=3:2:1", "together the model's 5");
    refused("pipeline.split=0:4:1", "together the model's 5");
    refused("pipeline.split=4:1", "each of the 3 stages");
    refused("pipeline.split=bytes", "expected even, by_flops");
}

SUITE("strategy: stages", TEST(every_split_learns_as_one_node), TEST(stages_take_equally_long),
      TEST(what_does_not_fit_is_refused));
