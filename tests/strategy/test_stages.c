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
    refused("pipeline.split=measured", "with math=off there is none");
}

/* The wide layer takes longer than its neighbours, so that it is alone, whatever the host; and the run names its split
 * so that it can be had again. */
static void the_measured_split_is_named(void)
{
    const char *words = "strategy=pipeline nodes=3 model=mlp:64-512-512-8-8-8-10 steps=3 batch=48 eval_every=100";
    struct result *measured = run("%s pipeline.split=measured", words), *given = run("%s pipeline.split=1:1:4", words);
    bool named = false;
    for (int i = 0; i < measured->note_count; i++)
        named = named || strstr(measured->notes[i], "pipeline.split=1:1:4 is this split");
    CHECK(named);
    CHECK_EQUAL(measured->length_ps, given->length_ps);
    losses_agree(measured, given, 0);
    result_free(measured);
    result_free(given);
}

/* Costs 5 1 1 1 5 1 over three stages, in every order of pairs or not. */
static void layers_weigh_what_is_said(void)
{
    struct model_spec *spec = spec_of("mlp:64-8x5-10");
    int depths[3], units[3];
    model_split_costs(spec, 3, 1, (const uint64_t[]){5, 1, 1, 1, 5, 1}, depths);
    CHECK(depths[0] == 1 && depths[1] == 3 && depths[2] == 2);
    model_split_units(spec, 3, depths, units);
    CHECK(units[0] == 1 && units[1] == 3 && units[2] == 2);
    model_split_costs(spec, 3, 1, (const uint64_t[]){0, 0, 0, 0, 0, 0}, depths);
    CHECK(depths[0] > 0 && depths[1] > 0 && depths[2] > 0 && depths[0] + depths[1] + depths[2] == 6);
    model_spec_free(spec);
    spec = spec_of("gpt:layers=3,heads=2,width=8,context=4");
    model_split_costs(spec, 2, 1, (const uint64_t[]){9, 1, 1, 1, 1, 1, 1, 1, 1}, depths);
    model_split_units(spec, 2, depths, units);
    CHECK(depths[0] == 1 && units[0] == 1 && units[1] == 4);
    model_spec_free(spec);
}

SUITE("strategy: stages", TEST(the_measured_split_is_named), TEST(layers_weigh_what_is_said), TEST(every_split_learns_as_one_node), TEST(stages_take_equally_long),
      TEST(what_does_not_fit_is_refused));
