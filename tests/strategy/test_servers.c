/* Parameter servers: they learn as data parallelism does, and every message goes through their ports. */
#include "tests/strategy/fixture.h"

enum { PARAMETERS = 64 * 24 + 24 + 24 * 10 + 10, WIDE = 64 * 8192 + 8192 + 8192 * 10 + 10 };

/* Of all weights, relative to the largest of their tensor. */
static void same_weights(const struct learned *a, const struct learned *b, double tolerance,
                         const char *what)
{
    for (int i = 0; i < 4; i++) {
        const char *name;
        struct apart apart = tensors_apart(a->weights, b->weights, i, &name);
        if (!(apart.difference <= tolerance * apart.largest))
            fprintf(stderr, "\n%s: %s is %g of %g apart\n", what, name, apart.difference, apart.largest);
        CHECK(apart.difference <= tolerance * apart.largest);
    }
}

/* Shares that cut tensors, more servers than workers, uneven shares of the batch. */
static void they_learn_as_data(void)
{
    static const char *const optimizers_[] = {"sgd:lr=0.2", "sgd:lr=0.1,momentum=0.9,nesterov=on", "adamw"};
    static const int servers[] = {1, 2, 7};
    for (int o = 0; o < 3; o++) {
        char line[256];
        snprintf(line, sizeof line, "strategy=data nodes=3 batch=64 steps=30 optimizer=%s",
                 optimizers_[o]);
        struct learned data = learn("mlp:64-24-10", line);
        for (int s = 0; s < 3; s++) {
            snprintf(line, sizeof line,
                     "strategy=parameter_server servers=%d nodes=%d batch=64 steps=30 optimizer=%s "
                     "microbatches=%d",
                     servers[s], servers[s] + 3, optimizers_[o], s + 1);
            struct learned served = learn("mlp:64-24-10", line);
            same_weights(&served, &data, 2e-4, line);
            CHECK_NEAR(served.result->final_loss, data.result->final_loss, 1e-3);
            learned_release(served);
        }
        learned_release(data);
    }
}

/* Each worker pushes and pulls all parameters in every step; at the beginning the first hands them over. */
static void messages_are_pushes_and_pulls(void)
{
    struct result *result = run("strategy=parameter_server nodes=8 servers=3 steps=6 batch=64 "
                                "model=mlp:64-24-10 math=off");
    CHECK_EQUAL(result->messages_sent, 6 * 5 * 3 * 2 + 3);
    CHECK_EQUAL(result->bytes_sent, 4ull * PARAMETERS * (6 * 5 * 2 + 1));
    for (int node = 0; node < 8; node++)
        CHECK_EQUAL(result->node[node].samples, node < 3 ? 0 : 6 * (node == 7 ? 12 : 13));
    result_free(result);
}

/* A server holds its share, its gradients and what the workers push. */
static void memory_is_of_the_share(void)
{
    struct result *one = run("strategy=parameter_server nodes=17 steps=1 model=mlp:64-8192-10 math=off"),
                  *four = run("strategy=parameter_server nodes=20 servers=4 steps=1 model=mlp:64-8192-10 "
                              "math=off");
    CHECK_NEAR((double)one->peak_memory_bytes, 18 * 4.0 * WIDE, 1e4);
    CHECK_NEAR((double)four->peak_memory_bytes, 18 * 1.0 * WIDE, 1e4);
    result_free(one);
    result_free(four);
}

/* S bytes of parameters, p workers, k servers: a server sends p pulls of S/k one after the other, and who has
 * one goes on, so that its next push comes in meanwhile; only the last worker's, S in all, comes after them. */
static void ports_are_the_bottleneck(void)
{
    static const char *const netmodels_[] = {"flow", "loggp"};
    const double all_s = 4.0 * WIDE / 125e6, workers = 8;
    for (int n = 0; n < 2; n++)
        for (int servers = 1; servers <= 4; servers *= 2) {
            struct result *result =
                run("strategy=parameter_server servers=%d nodes=%d steps=20 model=mlp:64-8192-10 math=off "
                    "netmodel=%s cluster.link.bandwidth=1Gbit/s cluster.link.latency=1us",
                    servers, 8 + servers, netmodels_[n]);
            double served = workers / servers;
            double ports_s = 20 * all_s * (served + 1);
            double over = (double)result->length_ps * 1e-12 / ports_s;
            CHECK(over > 1 && over < 1.15);
            if (!(over > 1 && over < 1.15))
                fprintf(stderr, "\n%s, %d servers: %g times the ports\n", netmodels_[n], servers, over);
            result_free(result);
        }
}

static void both_ways_to_run_agree(void)
{
    static const char *const netmodels_[] = {"flow", "loggp", "hockney"};
    for (int i = 0; i < 3; i++) {
        struct result *real = run("strategy=parameter_server nodes=9 servers=2 steps=6 batch=70 "
                                  "netmodel=%s partition=iid", netmodels_[i]),
                      *timed = run("strategy=parameter_server nodes=9 servers=2 steps=6 batch=70 "
                                   "netmodel=%s partition=iid math=off", netmodels_[i]);
        CHECK_EQUAL(timed->length_ps, real->length_ps);
        CHECK_EQUAL(timed->peak_memory_bytes, real->peak_memory_bytes);
        CHECK_EQUAL(timed->bytes_sent, real->bytes_sent);
        result_free(real);
        result_free(timed);
    }
}

static void what_they_need_is_said(void)
{
    result_free(run_line("strategy=parameter_server", true));
    result_free(run_line("strategy=parameter_server nodes=4 servers=4", true));
    result_free(run_line("strategy=parameter_server nodes=66", true));
    result_free(run_line("strategy=parameter_server nodes=4 optimizer=lamb", true));
    result_free(run_line("strategy=parameter_server nodes=4 clip=1", true));
}

SUITE("strategy: servers", TEST(they_learn_as_data), TEST(messages_are_pushes_and_pulls),
      TEST(memory_is_of_the_share), TEST(ports_are_the_bottleneck), TEST(both_ways_to_run_agree),
      TEST(what_they_need_is_said));
