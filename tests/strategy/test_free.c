/* Servers and workers that go on by themselves: in the order of virtual time, whatever the host does; with
 * nothing to wait for they are the synchronous server. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#define COMMON "nodes=5 batch=64 steps=30 eval_every=10 "

static void same_losses(const struct result *was, const struct result *should, double tolerance)
{
    CHECK_EQUAL(was->steps, should->steps);
    for (int i = 0; i < was->steps && i < should->steps; i++)
        CHECK_NEAR(was->step[i].loss, should->step[i].loss, tolerance * should->step[i].loss);
    CHECK_NEAR(was->final_accuracy, should->final_accuracy, 1e-9);
}

static void with_no_slack_they_are_synchronous(void)
{
    static const char *const rules[] = {"sgd:lr=0.1", "sgd:lr=0.1,momentum=0.9", "adam"};
    for (int i = 0; i < 3; i++)
        for (int servers = 1; servers <= 2; servers++) {
            struct result *server = run("strategy=parameter_server servers=%d optimizer=%s " COMMON, servers,
                                        rules[i]);
            struct result *ssp = run("strategy=ssp_server staleness=0 servers=%d optimizer=%s " COMMON
                                     "cluster.slow.nodes=4", servers, rules[i]);
            same_losses(ssp, server, 1e-12);
            result_free(ssp);
            result_free(server);
        }
    struct result *data = run("strategy=data nodes=4 batch=64 steps=30 eval_every=10");
    struct result *backup = run("strategy=backup_workers backup=0 " COMMON);
    same_losses(backup, data, 1e-4);
    result_free(backup);
    result_free(data);
}

static const char *const ways[] = {
    "strategy=async_server", "strategy=async_server servers=2", "strategy=ssp_server staleness=2",
    "strategy=ssp_server staleness=1 servers=2", "strategy=backup_workers backup=1",
    "strategy=backup_workers backup=0 deadline=200us", "strategy=async_server optimizer=adam partition=shards:per_node=2",
    "strategy=async_gossip gossip.graph=full"};
static const char *const places[] = {"netmodel=ideal", "netmodel=hockney", "netmodel=loggp",
                                     "netmodel=flow cluster.slow.nodes=3:4",
                                     "netmodel=flow noise=lognormal:sigma=0.3"};

/* Threads on one side, programs that take turns on the other. */
static void real_runs_are_timed_as_others(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
            struct result *real = run("%s %s " COMMON, ways[w], places[p]);
            struct result *again = run("%s %s " COMMON, ways[w], places[p]);
            struct result *counted = run("math=off %s %s " COMMON, ways[w], places[p]);
            CHECK_EQUAL(real->length_ps, counted->length_ps);
            CHECK_EQUAL(real->bytes_sent, counted->bytes_sent);
            for (int i = 0; i < real->steps; i++) {
                CHECK_EQUAL(real->step[i].end_ps, counted->step[i].end_ps);
                CHECK_EQUAL(real->step[i].bytes_sent, counted->step[i].bytes_sent);
                CHECK_EQUAL(real->step[i].late, counted->step[i].late);
                CHECK_NEAR(real->step[i].staleness, counted->step[i].staleness, 0);
                CHECK_NEAR(real->step[i].staleness_most, counted->step[i].staleness_most, 0);
                CHECK_NEAR(real->step[i].loss, again->step[i].loss, 0);
            }
            CHECK(real->final_loss < real->step[0].loss);
            result_free(real);
            result_free(again);
            result_free(counted);
        }
}

/* After the first round a worker's gradient finds that each other has been applied since. */
static void staleness_of_equal_workers(void)
{
    for (int workers = 1; workers <= 8; workers++) {
        struct result *result = run("strategy=async_server math=off nodes=%d batch=%d steps=20", workers + 1,
                                    16 * workers);
        uint64_t times = 0;
        for (int i = 1; i < result->steps; i++)
            CHECK_NEAR(result->step[i].staleness, workers - 1, 1e-12);
        for (int i = 0; i < result->staleness_count; i++)
            times += result->staleness[i];
        CHECK_EQUAL(times, 20 * workers);
        result_free(result);
    }
}

/* Where the server's port is the bottleneck, pushes come in one behind the other: (n - 1) G and the port's rest
 * g each (Alexandrov et al. 1995). */
static void the_port_is_the_bottleneck(void)
{
    enum { WORKERS = 8, STEPS = 50, PARAMETERS = 64 * 128 + 128 + 128 * 64 + 64 + 640 + 10 };
    struct result *result =
        run("strategy=async_server math=off nodes=%d batch=%d steps=%d netmodel=loggp cluster=ethernet-1g "
            "cluster.loggp.overhead=0s cluster.loggp.gap=5us cluster.device.flops=1Pflop/s "
            "cluster.device.memory_bandwidth=100TB/s cluster.device.launch=0s", WORKERS + 1, WORKERS, STEPS);
    double push_ps = (PARAMETERS * 4.0 - 1) * 8000 + 5e6;
    double taken = (double)(result->step[STEPS - 1].end_ps - result->step[9].end_ps);
    CHECK_NEAR(taken, (STEPS - 10) * WORKERS * push_ps, 0.005 * taken);
    result_free(result);
}

/* Workers that end a push which counts for nothing are not in a step's time. */
static void steps_end_with_the_last(void)
{
    const char *slow = "nodes=6 batch=4096 steps=5 math=off cluster.slow.nodes=4@0.01 strategy=";
    static const char *const names[] = {"async_server", "async_gossip", "parameter_server"};
    for (int i = 0; i < 3; i++) {
        struct result *result = run("%s%s", slow, names[i]);
        double last_s = (double)result->step[4].end_ps * 1e-12, length_s = (double)result->length_ps * 1e-12;
        CHECK_NEAR(result->step_s, last_s / 5, 1e-9 * last_s);
        CHECK_NEAR(result->speedup, result->single_step_s / result->step_s, 1e-9);
        CHECK((length_s > 2 * last_s) == (i < 2));
        result_free(result);
    }
}

static void nobody_waits_for_the_slow(void)
{
    const char *slow = "math=off nodes=5 batch=4096 steps=20 netmodel=ideal cluster.slow.nodes=4 "
                       "cluster.slow.speed=0.25";
    struct result *server = run("strategy=parameter_server %s", slow);
    struct result *async = run("strategy=async_server %s", slow);
    struct result *backup = run("strategy=backup_workers backup=1 %s", slow);
    struct result *deadline = run("strategy=backup_workers backup=0 deadline=1us %s", slow);
    CHECK(async->length_ps < server->length_ps / 2);
    CHECK(backup->length_ps < server->length_ps / 2);
    CHECK(deadline->length_ps < server->length_ps / 2);
    uint64_t late = 0;
    for (int i = 0; i < backup->steps; i++)
        late += backup->step[i].late;
    CHECK(late >= 4 && late <= 5);
    result_free(server);
    result_free(async);
    result_free(backup);
    result_free(deadline);
}

/* Of no momentum, staleness costs little here, and nobody waits; momentum goes on along gradients that are old. */
static void asynchrony_wins_time_and_loses_steps(void)
{
    const char *line = "strategy=%s optimizer=sgd:%s nodes=9 batch=512 steps=200 eval_every=1 target_accuracy=0.85 "
                       "seed=%d cluster=ethernet-10g cluster.slow.nodes=8 cluster.slow.speed=0.0625";
    for (int seed = 1; seed <= 2; seed++) {
        struct result *plain = run(line, "parameter_server", "lr=0.2", seed),
                      *plain_async = run(line, "async_server", "lr=0.2", seed),
                      *moved = run(line, "parameter_server", "lr=0.1,momentum=0.9", seed),
                      *moved_async = run(line, "async_server", "lr=0.1,momentum=0.9", seed);
        CHECK(plain->target_reached && plain_async->target_reached && moved->target_reached);
        CHECK(plain_async->target_ps < plain->target_ps / 2);
        CHECK(moved_async->target_reached && moved_async->target_step > 2 * moved->target_step);
        result_free(plain);
        result_free(plain_async);
        result_free(moved);
        result_free(moved_async);
    }
}

/* With one worker there is nobody to be late for. */
static void one_worker_is_synchronous(void)
{
    static const char *const ways_[] = {"async_server", "ssp_server staleness=0", "backup_workers backup=0"};
    const char *common = "nodes=2 batch=64 steps=30 optimizer=sgd:lr=0.1,momentum=0.9";
    char line[256];
    snprintf(line, sizeof line, "strategy=parameter_server %s", common);
    struct learned server = learn("mlp:64-24-10", line);
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "strategy=%s %s", ways_[i], common);
        struct learned alone = learn("mlp:64-24-10", line);
        same_learned(&alone, &server);
        for (int step = 0; step < 30; step++)
            CHECK_EQUAL(alone.result->step[step].staleness_most, 0);
        learned_release(alone);
    }
    learned_release(server);
}

/* Threads say nothing: the weights are the same bits every time, and both ways to run have the same times. */
static void who_is_first_is_the_clocks_word(void)
{
    static const char *const netmodels_[] = {"ideal", "hockney", "loggp", "flow"};
    for (int i = 0; i < 4; i++) {
        char line[256];
        snprintf(line, sizeof line, "strategy=async_server nodes=7 servers=2 steps=8 batch=70 netmodel=%s "
                                    "noise=lognormal:sigma=0.5", netmodels_[i]);
        struct learned first = learn("mlp:64-24-10", line), again = learn("mlp:64-24-10", line);
        struct result *timed = run("%s math=off model=mlp:64-24-10", line);
        same_learned(&again, &first);
        CHECK_EQUAL(again.result->length_ps, first.result->length_ps);
        for (int step = 0; step < 8; step++)
            CHECK_EQUAL(timed->step[step].end_ps, first.result->step[step].end_ps);
        result_free(timed);
        learned_release(first);
        learned_release(again);
    }
}

/* While a worker is as slow as that, each other pushes bound + 1 times and waits; then once for each of its own. */
static void staleness_is_bounded(void)
{
    enum { WORKERS = 4, STEPS = 40 };
    for (int bound = 0; bound <= 3; bound++) {
        struct result *slow = run("strategy=ssp_server staleness=%d math=off nodes=%d batch=64 steps=%d "
                                  "cluster.slow.nodes=1 cluster.slow.speed=0.001", bound, WORKERS + 1, STEPS);
        uint64_t most = bound ? (WORKERS - 1) * ((uint64_t)bound + 1) : 0;
        CHECK_EQUAL(slow->staleness_count, most + 1);
        CHECK_EQUAL(slow->staleness[most], bound ? 1 : WORKERS * STEPS);
        CHECK_EQUAL(slow->step[0].staleness_most, most);
        CHECK_EQUAL(slow->step[1].staleness_most, bound ? WORKERS - 1 : 0);
        result_free(slow);
    }
}

/* Whoever is late: an other has at most bound + 1 iterations more than a gradient's worker when that is pushed, and
 * had at most bound less when its parameters were read. In the end all have pushed as often. */
static void staleness_is_bounded_in_noise(void)
{
    enum { WORKERS = 5, STEPS = 60, ROWS = 16 };
    for (int bound = 1; bound <= 3; bound++) {
        struct result *result = run("strategy=ssp_server staleness=%d math=off nodes=%d batch=%d steps=%d "
                                    "noise=lognormal:sigma=1.5", bound, WORKERS + 1, WORKERS * ROWS, STEPS);
        uint64_t times = 0;
        CHECK(result->staleness_count <= (WORKERS - 1) * (2 * bound + 1) + 1);
        for (int i = 0; i < result->staleness_count; i++)
            times += result->staleness[i];
        CHECK_EQUAL(times, WORKERS * STEPS);
        for (int i = 1; i <= WORKERS; i++)
            CHECK_EQUAL(result->node[i].samples, STEPS * ROWS);
        result_free(result);
    }
}

/* None of them waits, so the bound is nothing but room; and no push is kept. */
static void equal_workers_are_asynchronous(void)
{
    static const char *const rules[] = {"sgd:lr=0.1", "sgd:lr=0.05,momentum=0.9", "adam compress=topk:ratio=0.1"};
    for (int i = 0; i < 3; i++) {
        char line[256];
        snprintf(line, sizeof line, "strategy=async_server nodes=5 batch=64 steps=20 optimizer=%s", rules[i]);
        struct learned async = learn("mlp:64-24-10", line);
        for (int bound = 1; bound <= 1000; bound += 999) {
            snprintf(line, sizeof line, "strategy=ssp_server staleness=%d nodes=5 batch=64 steps=20 optimizer=%s",
                     bound, rules[i]);
            struct learned ssp = learn("mlp:64-24-10", line);
            weights_are_the_same(&ssp, &async);
            losses_agree(ssp.result, async.result, 1e-12); /* means in rank order, and in that of arrival */
            for (int step = 0; step < 20; step++) {
                CHECK_EQUAL(ssp.result->step[step].end_ps, async.result->step[step].end_ps);
                CHECK_NEAR(ssp.result->step[step].staleness, async.result->step[step].staleness, 0);
            }
            CHECK_EQUAL(ssp.result->peak_memory_bytes, async.result->peak_memory_bytes);
            learned_release(ssp);
        }
        learned_release(async);
    }
}

/* A worker sees all its own updates, whatever the bound: alone, it is the synchronous server's. */
static void a_worker_reads_what_it_wrote(void)
{
    static const char *const rules[] = {"sgd:lr=0.1,momentum=0.9", "adam", "sgd:lr=0.2 lr_schedule=cosine servers=2",
                                        "sgd:lr=0.1 servers=2 compress=topk:ratio=0.1"};
    for (int i = 0; i < 4; i++)
        for (int bound = 1; bound <= 4; bound += 3) {
            char words[160], line[256];
            snprintf(words, sizeof words, "nodes=%d batch=64 steps=30 optimizer=%s", strstr(rules[i], "servers") ? 3 : 2,
                     rules[i]);
            snprintf(line, sizeof line, "strategy=parameter_server %s", words);
            struct learned server = learn("mlp:64-24-10", line);
            snprintf(line, sizeof line, "strategy=ssp_server staleness=%d %s", bound, words);
            struct learned alone = learn("mlp:64-24-10", line);
            same_learned(&alone, &server);
            CHECK_EQUAL(alone.result->staleness_count, 1);
            learned_release(alone);
            learned_release(server);
        }
}

static void stops_at_its_target(void)
{
    static const char *const strategies_[] = {"async_server", "async_server servers=2", "async_server servers=3",
                                              "ssp_server servers=2", "ssp_server staleness=3 servers=3",
                                              "backup_workers backup=1"};
    for (int i = 0; i < 6; i++) {
        struct result *results[2];
        for (int again = 0; again < 2; again++) {
            struct result *result = results[again] =
                run("strategy=%s nodes=6 steps=500 eval_every=5 target_accuracy=0.8 "
                    "noise=lognormal:sigma=0.5 cluster.slow.nodes=4", strategies_[i]);
            CHECK(result->target_reached && result->steps < 500 && result->steps % 5 == 0);
            CHECK_EQUAL(result->target_step, result->steps);
            CHECK(result->target_bytes > 0 && result->final_accuracy >= 0.8);
            CHECK(result->target_ps <= result->length_ps);
        }
        losses_agree(results[1], results[0], 0);
        CHECK_EQUAL(results[1]->length_ps, results[0]->length_ps);
        CHECK_EQUAL(results[1]->bytes_sent, results[0]->bytes_sent);
        result_free(results[0]);
        result_free(results[1]);
    }
}

/* Where servers are at different steps at the end, each gets from the workers what it waits for. */
static void servers_apart_come_to_an_end(void)
{
    for (int seed = 1; seed <= 12; seed++) {
        result_free(run("strategy=%s servers=3 nodes=8 steps=9 batch=16 math=off netmodel=hockney seed=%d "
                        "cluster.topology=ring noise=lognormal:sigma=1 cluster.slow.link_fraction=0.5 "
                        "cluster.slow.link_speed=0.02 cluster.slow.seed=%d",
                        seed % 3 ? "async_server" : "ssp_server", seed, seed));
    }
}

static void what_does_not_go_is_refused(void)
{
    refuses("strategy=backup_workers backup=3 nodes=4", "has 3 workers and backup=3");
    refuses("strategy=backup_workers servers=2 nodes=5", "servers=1");
    refuses("strategy=async_server nodes=5 clock.resolver=lanes math=off netmodel=loggp", "virtual time");
    refuses("strategy=async_server nodes=5 goal=/tmp/threadrack-goal", "GOAL");
    for (int i = 0; strategies[i]; i++) {
        char line[256];
        if (!strategies[i]->runs_free)
            continue;
        snprintf(line, sizeof line, "strategy=%s nodes=4 netmodel=loggp cluster.loggp.ports=program_order",
                 strategies[i]->name);
        refuses(line, "program_order");
        snprintf(line, sizeof line, "strategy=%s nodes=4 netmodel=loggp cluster.loggp.rendezvous=1kB",
                 strategies[i]->name);
        refuses(line, "rendezvous");
    }
}

SUITE("strategy: free", TEST(with_no_slack_they_are_synchronous), TEST(real_runs_are_timed_as_others),
      TEST(staleness_of_equal_workers), TEST(the_port_is_the_bottleneck),
      TEST(steps_end_with_the_last),
      TEST(nobody_waits_for_the_slow), TEST(asynchrony_wins_time_and_loses_steps), TEST(one_worker_is_synchronous),
      TEST(who_is_first_is_the_clocks_word), TEST(staleness_is_bounded), TEST(staleness_is_bounded_in_noise),
      TEST(equal_workers_are_asynchronous), TEST(a_worker_reads_what_it_wrote), TEST(stops_at_its_target),
      TEST(servers_apart_come_to_an_end), TEST(what_does_not_go_is_refused));
