/* Asynchronous gossip: nodes go on by themselves, and averages come in the order of virtual time. That real runs
 * are timed as others is in test_free.c, and that averages keep the mean in tests/rank/test_serve.c. */
#include "tests/strategy/fixture.h"

static void one_node_is_single(void)
{
    static const char *const words = "nodes=1 steps=20 optimizer=sgd:lr=0.1,momentum=0.9 microbatches=2 "
                                     "lr_schedule=cosine";
    char line[256];
    snprintf(line, sizeof line, "strategy=single %s", words);
    struct learned single = learn("mlp:64-24-10", line);
    snprintf(line, sizeof line, "strategy=async_gossip %s", words);
    struct learned alone = learn("mlp:64-24-10", line);
    same_learned(&alone, &single);
    CHECK_EQUAL(alone.result->bytes_sent, 0);
    learned_release(single);
    learned_release(alone);
}

static const char *const graphs[] = {"gossip.graph=ring", "gossip.graph=torus", "gossip.graph=exponential",
                                     "gossip.graph=full"};

static void learns_the_digits(void)
{
    for (int i = 0; i < 4; i++) {
        struct result *result = run("strategy=async_gossip nodes=8 steps=250 eval_every=50 %s partition=iid", graphs[i]);
        CHECK(result->final_accuracy > 0.84);
        CHECK_EQUAL(result->steps, 250);
        uint64_t samples = 0, times = 0;
        for (int node = 0; node < 8; node++)
            samples += result->node[node].samples;
        for (int k = 0; k < result->staleness_count; k++)
            times += result->staleness[k];
        CHECK_EQUAL(samples, 250 * 64);
        CHECK_EQUAL(times, 250 * 8);
        result_free(result);
    }
}

static void stops_at_its_target(void)
{
    struct result *result = run("strategy=async_gossip nodes=6 steps=500 eval_every=10 target_accuracy=0.8");
    CHECK(result->target_reached && result->steps < 500 && result->steps % 10 == 0);
    CHECK(result->target_bytes > 0 && result->target_bytes <= result->bytes_sent);
    CHECK(result->target_ps <= result->length_ps && result->final_accuracy >= 0.8);
    result_free(result);
}

/* An active node that is slow, and a passive one. */
static void nobody_waits_for_the_slow(void)
{
    for (int slow = 2; slow <= 3; slow++) {
        const char *words = "nodes=8 steps=40 eval_every=40 batch=2048 cluster.slow.speed=0.1 netmodel=flow";
        struct result *gossip = run("strategy=gossip %s cluster.slow.nodes=%d", words, slow);
        struct result *async = run("strategy=async_gossip %s cluster.slow.nodes=%d", words, slow);
        CHECK(async->step[39].end_ps < gossip->step[39].end_ps / 2);
        CHECK(async->node[slow].samples < async->node[slow ^ 1].samples / 3);
        CHECK(async->final_loss < 0.9 * async->step[0].loss);
        result_free(gossip);
        result_free(async);
    }
}

/* A passive node computes on while it answers: its time is its computing. */
static void who_answers_computes_on(void)
{
    struct result *result = run("strategy=async_gossip nodes=2 steps=40 math=off batch=4096 netmodel=flow");
    CHECK(result->node[1].bytes_sent > 0);
    CHECK_EQUAL(result->node[1].exposed_comm_ps, 0);
    CHECK(result->node[1].overlapped_comm_ps > 0);
    CHECK_NEAR((double)result->node[1].compute_ps, (double)result->length_ps, 0.1 * (double)result->length_ps);
    result_free(result);
}

/* On one core as on all; and once more. */
static void one_core_gives_the_same(void)
{
    struct errors errors;
    errors_init(&errors);
    struct config *config = config_of("strategy=async_gossip nodes=8 steps=40 eval_every=5 gossip.graph=exponential "
                                      "noise=lognormal:sigma=0.5 cluster.slow.nodes=2", &errors);
    struct result *results[3];
    for (int i = 0; i < 3; i++)
        results[i] = experiment_run(config, this_host(), (struct seat_range){0, i == 0 ? 1 : host_core_count(this_host())},
                                    (struct progress_hook){0}, &errors);
    CHECK_EQUAL(errors.count, 0);
    for (int i = 1; i < 3; i++) {
        losses_agree(results[i], results[0], 0);
        CHECK(results[i]->final_accuracy == results[0]->final_accuracy);
        CHECK_EQUAL(results[i]->length_ps, results[0]->length_ps);
        CHECK_EQUAL(results[i]->bytes_sent, results[0]->bytes_sent);
    }
    for (int i = 0; i < 3; i++)
        result_free(results[i]);
    errors_release(&errors);
    config_free(config);
}

static void what_does_not_go_is_refused(void)
{
    result_free(run_line("strategy=async_gossip nodes=5", true));
    result_free(run_line("strategy=async_gossip nodes=6 gossip.graph=torus", true));
    result_free(run_line("strategy=async_gossip nodes=4 netmodel=loggp cluster.loggp.rendezvous=1kB", true));
    result_free(run_line("strategy=async_gossip nodes=4 netmodel=loggp cluster.loggp.ports=program_order", true));
    result_free(run_line("strategy=async_gossip nodes=4 math=off goal=/tmp/threadrack-goal", true));
    result_free(run_line("strategy=async_gossip nodes=5 gossip.graph=full steps=2 math=off", false));
    result_free(run_line("strategy=async_gossip nodes=12 gossip.graph=full steps=2 math=off", false));
}

SUITE("strategy: async gossip", TEST(one_node_is_single), TEST(learns_the_digits), TEST(stops_at_its_target),
      TEST(nobody_waits_for_the_slow), TEST(who_answers_computes_on),
      TEST(one_core_gives_the_same), TEST(what_does_not_go_is_refused));
