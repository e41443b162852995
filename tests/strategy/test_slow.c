/* Slow nodes in a whole run: what they do to a synchronous step, and that every resolver and both ways
 * to run agree on it. */
#include "tests/strategy/fixture.h"

#include <unistd.h>

/* Compute-bound: messages and additions are free. */
#define BOUND "netmodel=ideal cluster.device.add_bandwidth=free cluster.device.launch=0s batch=64 "

static void half_speed_doubles_the_computing_of_a_step(void)
{
    struct result *even = run(BOUND "strategy=data nodes=4 math=off steps=3"),
                  *slow = run(BOUND "strategy=data nodes=4 math=off steps=3 cluster.slow.nodes=2@0.5");
    CHECK_EQUAL(slow->length_ps, 2 * even->length_ps);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(slow->node[i].compute_ps, (i == 2 ? 2 : 1) * even->node[i].compute_ps);
        uint64_t rest = slow->node[i].waiting_ps + slow->node[i].exposed_comm_ps;
        CHECK_EQUAL(rest, i == 2 ? 0 : even->length_ps);
        CHECK_NEAR(slow->node[i].speed, i == 2 ? 0.5 : 1, 0);
    }
    CHECK_NEAR(slow->efficiency, even->efficiency / 2, 1e-9);
    result_free(even);
    result_free(slow);
}

static void a_trace_changes_the_speed_in_mid_run(void)
{
    char path[] = "/tmp/threadrack-trace-XXXXXX.csv";
    int file = mkstemps(path, 4);
    CHECK_FATAL(file >= 0);
    struct result *even = run(BOUND "strategy=data nodes=2 math=off steps=10");
    dprintf(file, "time_s,node,speed\n%.12f,1,0.25\n", (double)even->length_ps * 0.4e-12);
    close(file);
    struct result *slow =
        run(BOUND "strategy=data nodes=2 math=off steps=10 cluster.slow.trace=%s", path);
    CHECK_NEAR((double)slow->length_ps, (double)even->length_ps * (0.4 + 0.6 * 4), 30);
    unlink(path);
    result_free(even);
    result_free(slow);
}

static void every_way_to_run_draws_the_same(void)
{
    static const char *const words[] = {"lognormal:sigma=0.4", "pareto:alpha=2",
                                        "periodic:period=50us,length=5us"};
    static const char *const ways[] = {"math=on", "math=off clock.resolver=windows",
                                       "math=off clock.resolver=events",
                                       "math=off cluster.slow.spread=uniform:low=1,high=1"};
    for (size_t n = 0; n < sizeof words / sizeof *words; n++) {
        struct result *first = run("strategy=data nodes=4 steps=4 netmodel=loggp allreduce=ring "
                                   "math=off noise=%s", words[n]);
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            struct result *other = run("strategy=data nodes=4 steps=4 netmodel=loggp "
                                       "allreduce=ring noise=%s %s", words[n], ways[way]);
            CHECK_EQUAL(other->length_ps, first->length_ps);
            for (int i = 0; i < 4; i++)
                CHECK_EQUAL(other->node[i].compute_ps, first->node[i].compute_ps);
            result_free(other);
        }
        struct result *other_seed = run("strategy=data nodes=4 steps=4 netmodel=loggp seed=2 "
                                        "allreduce=ring math=off noise=%s", words[n]);
        CHECK(other_seed->length_ps != first->length_ps);
        result_free(other_seed);
        result_free(first);
    }
}

SUITE("strategy: slow nodes", TEST(half_speed_doubles_the_computing_of_a_step),
      TEST(a_trace_changes_the_speed_in_mid_run), TEST(every_way_to_run_draws_the_same));
