/* Strategies whose replicas update alone: where they are the same as data parallelism, and what they
 * send. */
#include "tests/strategy/fixture.h"

#define COMMON "nodes=4 batch=64 steps=40 eval_every=40 optimizer=sgd:lr=0.1 "

/* Losses are each node's at its own parameters, so what is compared is what is learned. */
static void learns_as_data(const char *model, const char *words)
{
    char line[512];
    snprintf(line, sizeof line, COMMON "strategy=data");
    struct learned data = learn(model, line);
    snprintf(line, sizeof line, COMMON "%s", words);
    struct learned other = learn(model, line);
    for (int i = 0; i < checkpoint_tensor_count(data.weights); i++) {
        const char *name;
        size_t count;
        const float *a = checkpoint_tensor(data.weights, i, &name, &count);
        const float *b = checkpoint_tensor(other.weights, i, &name, &count);
        float most = 0, difference = 0;
        for (size_t k = 0; k < count; k++) {
            most = fabsf(a[k]) > most ? fabsf(a[k]) : most;
            difference = fabsf(a[k] - b[k]) > difference ? fabsf(a[k] - b[k]) : difference;
        }
        if (!(difference <= 1e-4f * most))
            fprintf(stderr, "\n%s: %s differs by %g of %g\n", words, name, (double)difference,
                    (double)most);
        CHECK(difference <= 1e-4f * most);
    }
    CHECK_NEAR(other.result->final_accuracy, data.result->final_accuracy, 1e-9);
    CHECK_NEAR(other.result->final_loss, data.result->final_loss, 1e-4 * data.result->final_loss);
    learned_release(data);
    learned_release(other);
}

static void one_local_step_is_data_parallelism(void)
{
    static const char *const ways[] = {
        "strategy=local_sgd local_steps=1",
        "strategy=hierarchical box=2 local_steps=1 across_steps=1",
        "strategy=gossip gossip.graph=full gossip.mix=after",
        "strategy=diloco local_steps=1 outer=sgd:lr=1",
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        learns_as_data("mlp:64-48-10", ways[i]);
}

/* Two nodes on a ring hear each other, and so do those of one box that is everything. */
static void small_graphs_are_full(void)
{
    struct learned full = learn("mlp:64-48-10", "nodes=2 steps=20 strategy=gossip gossip.graph=full"),
                   ring = learn("mlp:64-48-10", "nodes=2 steps=20 strategy=gossip gossip.graph=ring");
    for (int i = 0; i < 20; i++)
        CHECK_NEAR(ring.result->step[i].loss, full.result->step[i].loss, 1e-5);
    learned_release(full);
    learned_release(ring);
}

/* P parameters, p nodes: a ring all-reduce sends 2(p - 1) P floats, gossip P to each neighbour. */
static void bytes_are_those_of_the_averages(void)
{
    const uint64_t floats = 64 * 48 + 48 + 48 * 10 + 10, steps = 24;
    struct result *local = run("strategy=local_sgd local_steps=6 nodes=8 model=mlp:64-48-10 steps=24 "
                               "math=off allreduce=ring"),
                  *boxes = run("strategy=hierarchical box=4 local_steps=2 across_steps=8 nodes=8 "
                               "model=mlp:64-48-10 steps=24 math=off allreduce=ring"),
                  *torus = run("strategy=gossip gossip.graph=torus nodes=12 model=mlp:64-48-10 "
                               "steps=24 math=off"),
                  *peers = run("strategy=gossip gossip.graph=exponential nodes=12 model=mlp:64-48-10 "
                               "steps=24 math=off");
    CHECK_EQUAL(local->bytes_sent, steps / 6 * 2 * 7 * 4 * floats);
    CHECK_EQUAL(boxes->bytes_sent, (steps / 8 * 2 * 7 + (steps / 2 - steps / 8) * 2 * 2 * 3) * 4 * floats);
    CHECK_EQUAL(torus->bytes_sent, steps * 12 * 4 * 4 * floats); /* 3 x 4: four neighbours each */
    CHECK_EQUAL(peers->bytes_sent, steps * 12 * 1 * 4 * floats);
    result_free(local);
    result_free(boxes);
    result_free(torus);
    result_free(peers);
}

/* Mixing is doubly stochastic, so it does not move the mean: with a rate of 0 nothing is learned and
 * nothing lost. */
static void mixing_keeps_the_mean(void)
{
    static const char *const graphs[] = {"ring", "torus", "exponential", "full"};
    for (int i = 0; i < 4; i++) {
        struct result *still = run("strategy=gossip gossip.graph=%s nodes=6 steps=12 eval_every=1 "
                                   "batch=60 optimizer=sgd:lr=0", graphs[i]);
        for (int step = 1; step < 12; step++)
            CHECK_NEAR(still->step[step].test_loss, still->step[0].test_loss, 1e-6);
        struct result *moving = run("strategy=gossip gossip.graph=%s nodes=6 steps=80 batch=60 "
                                    "eval_every=80 partition=shards", graphs[i]);
        CHECK(moving->final_accuracy > 0.7);
        result_free(still);
        result_free(moving);
    }
}

static void they_cannot_resume(void)
{
    result_free(run_line("strategy=local_sgd nodes=2 resume=/tmp/none.safetensors", true));
    result_free(run_line("strategy=hierarchical nodes=4", true));
    result_free(run_line("strategy=hierarchical nodes=4 box=2 local_steps=3 across_steps=8", true));
}

SUITE("strategy: replicas that update alone", TEST(one_local_step_is_data_parallelism),
      TEST(small_graphs_are_full), TEST(bytes_are_those_of_the_averages), TEST(mixing_keeps_the_mean),
      TEST(they_cannot_resume));
