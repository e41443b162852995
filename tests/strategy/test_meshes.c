/* Where the axes of a mesh lie, and by which algorithms they sum, changes times and not what is learned. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

static const char cube[] = "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 steps=8 "
                           "cluster=boxes-of-8 clip=1 allreduce=ring";
static const char *const orders[] = {"tensor,data,pipeline", "data,tensor", "pipeline,tensor,data",
                                     "data,pipeline,tensor"};

static void learns_in_any_order(void)
{
    struct result *usual = run("%s", cube);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct result *other = run("%s mesh.order=%s", cube, orders[i]);
        for (int step = 0; step < usual->steps; step++)
            CHECK_NEAR(other->step[step].loss, usual->step[step].loss, 1e-6);
        CHECK_EQUAL(other->bytes_sent, usual->bytes_sent);
        result_free(other);
    }
    result_free(usual);
}

/* Of two boxes of 8, one order has tensor groups within a box, the other across. */
static void the_order_places_axes(void)
{
    const char *const line = "cluster=boxes-of-8 math=off strategy=hybrid nodes=16 mesh.data=2 "
                             "mesh.tensor=8 mesh.pipeline=1 steps=2 batch=4096 mesh.order=%s";
    struct result *within = run(line, "tensor,data"), *across = run(line, "data,tensor");
    CHECK(within->length_ps < across->length_ps);
    result_free(within);
    result_free(across);
}

static void an_algorithm_for_each_axis(void)
{
    struct result *result = run("%s allreduce.tensor=recursive_doubling allreduce.data=halving_doubling "
                                "allreduce.pipeline=chain", cube);
    CHECK(strstr(result->allreduce, "recursive_doubling") != NULL);
    CHECK(strstr(result->allreduce, "halving_doubling") != NULL);
    CHECK(strstr(result->allreduce, "chain") != NULL);
    CHECK(strstr(result->allreduce, "ring") == NULL);
    result_free(result);
}

static void refused(const char *words, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "strategy=hybrid nodes=8 math=off steps=1 %s", words);
    refuses(line, why);
}

static void what_is_no_order(void)
{
    refused("mesh.order=tensor,dtaa", "did you mean 'data'?");
    refused("mesh.expert=4", "the model has no experts");
    refused("allreduce.tensor=rnig", "ring");
}

SUITE("strategy: meshes", TEST(learns_in_any_order), TEST(the_order_places_axes),
      TEST(an_algorithm_for_each_axis), TEST(what_is_no_order));
