/* Parameter servers: they learn as data parallelism does, and every message goes through their ports. */
#include "tests/strategy/fixture.h"

enum { PARAMETERS = 64 * 24 + 24 + 24 * 10 + 10 };

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
    struct result *one = run("strategy=parameter_server nodes=17 steps=1 model=null:1000000 math=off"),
                  *four = run("strategy=parameter_server nodes=20 servers=4 steps=1 model=null:1000000 "
                              "math=off");
    CHECK_NEAR((double)one->peak_memory_bytes, 18 * 4e6, 1e5);
    CHECK_NEAR((double)four->peak_memory_bytes, 18 * 1e6, 1e5);
    result_free(one);
    result_free(four);
}

/* Large messages at a server's port: p pushes in, then p pulls out, each of G a byte; k servers have 1/k
 * of them, at the same time. */
static void ports_are_the_bottleneck(void)
{
    static const int servers[] = {1, 2, 4};
    for (int s = 0; s < 3; s++) {
        struct result *result =
            run("strategy=parameter_server servers=%d nodes=%d steps=20 model=null:4000000 math=off "
                "netmodel=loggp cluster.link.bandwidth=1Gbps cluster.link.latency=1us",
                servers[s], 8 + servers[s]);
        double port_s = 20.0 * 2 * 8 * 16e6 / servers[s] / 125e6, took_s = (double)result->length_ps * 1e-12;
        CHECK(took_s > port_s && took_s < 1.1 * port_s);
        if (!(took_s > port_s && took_s < 1.1 * port_s))
            fprintf(stderr, "\n%d servers: took %g s, ports %g s\n", servers[s], took_s, port_s);
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
