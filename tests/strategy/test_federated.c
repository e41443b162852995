/* Federated strategies: where they are the same as others, what they send, and what skew does. */
#include "tests/strategy/fixture.h"

static void same_losses(const struct result *a, const struct result *b, int steps, const char *what)
{
    for (int step = 0; step < steps; step++) {
        double was = b->step[step].loss, should = a->step[step].loss;
        if (!(fabs(was - should) <= 1e-4 * should))
            fprintf(stderr, "\n%s: loss of step %d was %.8f, should be %.8f\n", what, step + 1, was,
                    should);
        CHECK(fabs(was - should) <= 1e-4 * should);
    }
}

/* All clients, one minibatch of all their rows each: gradient descent on everything. */
static void one_full_step_of_all_is_gradient_descent(void)
{
    struct result *data = run("strategy=data nodes=4 batch=1437 steps=8 optimizer=sgd:lr=0.5"),
                  *iid = run("strategy=fedavg nodes=6 partition=iid federated.batch=1437 steps=8 "
                             "optimizer=sgd:lr=0.5"),
                  *skewed = run("strategy=fedavg nodes=6 partition=quantity federated.batch=1437 "
                                "steps=8 optimizer=sgd:lr=0.5");
    same_losses(data, iid, 8, "fedavg of even parts");
    same_losses(data, skewed, 8, "fedavg of uneven parts");
    CHECK_NEAR(iid->final_accuracy, data->final_accuracy, 0.01);
    result_free(data);
    result_free(iid);
    result_free(skewed);
}

static void fedprox_without_mu_is_fedavg(void)
{
    struct result *a = run("strategy=fedavg nodes=6 partition=shards federated.clients=3 steps=10"),
                  *b = run("strategy=fedprox federated.mu=0 nodes=6 partition=shards "
                           "federated.clients=3 steps=10");
    same_losses(a, b, 10, "fedprox");
    CHECK_NEAR(b->final_accuracy, a->final_accuracy, 0.01);
    CHECK(b->length_ps > a->length_ps); /* the pull costs a pass over the parameters */
    result_free(a);
    result_free(b);
}

static void messages_are_those_of_the_sampled(void)
{
    const uint64_t bytes = 4 * (64 * 24 + 24 + 24 * 10 + 10);
    struct result *avg = run("strategy=fedavg nodes=21 partition=iid federated.clients=5 steps=7 "
                             "model=mlp:64-24-10 math=off"),
                  *scaffold = run("strategy=scaffold nodes=21 partition=iid federated.clients=5 steps=7 "
                                  "model=mlp:64-24-10 math=off");
    CHECK_EQUAL(avg->messages_sent, 7 * 5 * 2);
    CHECK_EQUAL(avg->bytes_sent, 7 * 5 * 2 * bytes);
    CHECK_EQUAL(scaffold->bytes_sent, 7 * 5 * 2 * 2 * bytes);
    uint64_t rows = 0;
    for (int node = 1; node < 21; node++)
        rows += avg->node[node].samples;
    CHECK_EQUAL(avg->node[0].samples, 0);
    CHECK(rows >= 7 * 5 * 71 && rows <= 7 * 5 * 72);
    result_free(avg);
    result_free(scaffold);
}

static void both_ways_to_run_agree(void)
{
    static const char *const names[] = {"fedavg", "fedprox", "scaffold"};
    for (int i = 0; i < 3; i++) {
        struct result *real = run("strategy=%s nodes=9 partition=dirichlet:alpha=0.3 steps=6 "
                                  "federated.clients=4 federated.epochs=2", names[i]);
        struct result *timed = run("strategy=%s nodes=9 partition=dirichlet:alpha=0.3 steps=6 "
                                   "federated.clients=4 federated.epochs=2 math=off", names[i]);
        CHECK_EQUAL(timed->length_ps, real->length_ps);
        CHECK_EQUAL(timed->peak_memory_bytes, real->peak_memory_bytes);
        for (int node = 0; node < 9; node++)
            CHECK_EQUAL(timed->node[node].samples, real->node[node].samples);
        result_free(real);
        result_free(timed);
    }
}

/* The published direction: skewed labels cost rounds, and SCAFFOLD takes some of it back. */
static void skew_costs_accuracy(void)
{
    struct result *iid = run("strategy=fedavg nodes=11 partition=iid federated.epochs=4 steps=12"),
                  *shards = run("strategy=fedavg nodes=11 partition=shards federated.epochs=4 steps=12"),
                  *scaffold = run("strategy=scaffold nodes=11 partition=shards federated.epochs=4 "
                                  "steps=12");
    CHECK(iid->final_accuracy > shards->final_accuracy + 0.02);
    CHECK(scaffold->final_accuracy > shards->final_accuracy);
    result_free(iid);
    result_free(shards);
    result_free(scaffold);
}

static void what_they_need_is_said(void)
{
    result_free(run_line("strategy=fedavg nodes=4", true));
    result_free(run_line("strategy=fedavg partition=iid", true));
    result_free(run_line("strategy=fedavg nodes=4 partition=iid epochs=2", true));
}

SUITE("strategy: federated", TEST(one_full_step_of_all_is_gradient_descent),
      TEST(fedprox_without_mu_is_fedavg), TEST(messages_are_those_of_the_sampled),
      TEST(both_ways_to_run_agree), TEST(skew_costs_accuracy), TEST(what_they_need_is_said));
