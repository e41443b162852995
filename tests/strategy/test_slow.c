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

static void closed_forms_decline(void)
{
    static const char *const slow[] = {"cluster.slow.links=node1", "cluster.slow.link_spread=lognormal"};
    for (int i = 0; i < 2; i++) {
        char line[256];
        snprintf(line, sizeof line, "math=off strategy=data nodes=4 netmodel=hockney collectives=closed_form %s", slow[i]);
        struct errors errors;
        errors_init(&errors);
        struct config *config = config_of(line, &errors);
        struct result *result = experiment_run(config, this_host(), (struct seat_range){0, 1},
                                               (struct progress_hook){0}, &errors);
        CHECK(errors.count == 1 && strstr(errors.messages[0], "links differ in bandwidth"));
        result_free(result);
        config_free(config);
        errors_release(&errors);
    }
}

/* Lasting bandwidths: whoever resolves it, and however it is run. */
static void slow_links_are_the_same_every_way(void)
{
    static const char *const ways[] = {"math=on", "math=off clock.resolver=dataflow",
                                       "math=off clock.resolver=windows", "math=off clock.resolver=lanes",
                                       "math=off clock.kernels=off"};
    static const char *const slow[] = {"cluster.slow.links=node2@0.25+switch0->node1@0.5",
                                       "cluster.slow.link_spread=uniform:low=0.2,high=1",
                                       "cluster.slow.link_fraction=0.5 cluster.topology=torus "
                                       "cluster.torus.dimensions=2x2"};
    for (size_t n = 0; n < sizeof slow / sizeof *slow; n++) {
        struct result *first = run("strategy=data nodes=4 steps=4 netmodel=loggp allreduce=ring links=off "
                                   "math=off clock.resolver=events %s", slow[n]),
                      *plain = run("strategy=data nodes=4 steps=4 netmodel=loggp allreduce=ring links=off "
                                   "math=off");
        CHECK(first->length_ps > plain->length_ps);
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            struct result *other = run("strategy=data nodes=4 steps=4 netmodel=loggp allreduce=ring "
                                       "links=off %s %s", slow[n], ways[way]);
            CHECK_EQUAL(other->length_ps, first->length_ps);
            result_free(other);
        }
        result_free(first);
        result_free(plain);
    }
}

static void a_link_trace_is_the_same_every_way(void)
{
    char path[] = "/tmp/threadrack-trace-XXXXXX.csv";
    int file = mkstemps(path, 4);
    CHECK_FATAL(file >= 0);
    dprintf(file, "time_s,link,factor\n0.0001,node1,0.5\n0.0003,switch0->node2,0.1\n0.001,node1,1\n");
    close(file);
    static const char *const netmodels_with[] = {"flow", "hockney", "loggp"};
    for (int i = 0; i < 3; i++) {
        struct result *off = run("strategy=data nodes=4 steps=6 netmodel=%s allreduce=ring math=off "
                                 "cluster.slow.link_trace=%s", netmodels_with[i], path),
                      *on = run("strategy=data nodes=4 steps=6 netmodel=%s allreduce=ring "
                                "cluster.slow.link_trace=%s", netmodels_with[i], path),
                      *plain = run("strategy=data nodes=4 steps=6 netmodel=%s allreduce=ring math=off",
                                   netmodels_with[i]);
        CHECK_EQUAL(off->length_ps, on->length_ps);
        CHECK(off->length_ps > plain->length_ps);
        result_free(off);
        result_free(on);
        result_free(plain);
    }
    unlink(path);
}

SUITE("strategy: slow nodes", TEST(closed_forms_decline), TEST(slow_links_are_the_same_every_way),
      TEST(a_link_trace_is_the_same_every_way), TEST(half_speed_doubles_the_computing_of_a_step),
      TEST(a_trace_changes_the_speed_in_mid_run), TEST(every_way_to_run_draws_the_same));
