/* Links that are slow, and links whose bandwidth changes in time, by hand: messages of 1 MB over cables of
 * 1 GB/s and 1 us. */
#include "tests/check.h"

#include "threadrack/base/philox.h"
#include "threadrack/clock/netmodel.h"
#include "threadrack/clock/resolver.h"

#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS UINT64_C(1000000000)
#define US UINT64_C(1000000)
#define STAR(...)                                                                                  \
    CLUSTER("nodes=3", "cluster.link.latency=1us", "cluster.link.bandwidth=1GB/s",                 \
            "cluster.loggp.gap=0s", __VA_ARGS__)

static void ignore(void *now, struct transfer *transfer)
{
    (void)now, (void)transfer;
}

static void keep_time(void *now, struct transfer *transfer)
{
    transfer->finish_ps = *(uint64_t *)now;
}

static uint64_t end_all(struct netmodel *model)
{
    uint64_t now = 0, before = 0;
    struct netmodel_sink sink = {&now, ignore, keep_time};
    while ((now = model->ops->next(model)) != TIME_NEVER) {
        CHECK(now >= before);
        before = now;
        model->ops->advance(model, now, &sink);
    }
    return before;
}

/* When a message from node 0 to `dst` that sets out at begin_ps ends, of 1 MB and a byte (LogGP's last). */
static uint64_t one(struct cluster *cluster, const char *name, int dst, uint64_t begin_ps)
{
    struct netmodel *model = netmodel_create(netmodel_named(name), cluster);
    struct transfer a = {.src = 0, .dst = dst, .bytes = 1000000 + !strcmp(name, "loggp"), .ready_ps = begin_ps};
    model->ops->start(model, &a, begin_ps);
    end_all(model);
    model->ops->free(model);
    return a.finish_ps;
}

static const char *const models[] = {"flow", "hockney", "loggp"};
enum { MODELS = sizeof models / sizeof *models };

static void a_slow_link_is_so_many_times_as_long(void)
{
    struct cluster *plain = STAR("cluster.topology=star"),
                   *one_way = STAR("cluster.slow.links=switch0->node1@0.25"),
                   *node = STAR("cluster.slow.links=node2@0.1+node1", "cluster.slow.link_speed=0.5");
    for (int i = 0; i < MODELS; i++) {
        CHECK_EQUAL(one(plain, models[i], 1, 0), MS + 2 * US);
        CHECK_EQUAL(one(one_way, models[i], 1, 0), 4 * MS + 2 * US);
        CHECK_EQUAL(one(one_way, models[i], 2, 0), MS + 2 * US);
        CHECK_EQUAL(one(node, models[i], 1, 0), 2 * MS + 2 * US);
        CHECK_EQUAL(one(node, models[i], 2, 0), 10 * MS + 2 * US);
    }
    cluster_free(plain);
    cluster_free(one_way);
    cluster_free(node);
}

/* ---- Traces ---- */

static struct cluster *traced(const char *rows, const char *more)
{
    char path[] = "/tmp/threadrack-links-XXXXXX.csv", word[64];
    int file = mkstemps(path, 4);
    CHECK_FATAL(file >= 0);
    dprintf(file, "time_s,link,factor\n%s", rows);
    close(file);
    snprintf(word, sizeof word, "cluster.slow.link_trace=%s", path);
    struct cluster *cluster = STAR(word, more);
    CHECK_FATAL(cluster != NULL);
    unlink(path);
    return cluster;
}

#define HALF_THEN_DOUBLE "0.0005,node0->switch0,0.5\n0.002002,node0->switch0,2\n"

/* flow follows the bandwidth: of 1 MB, 498 kB by 0.5 ms, which is 2 us late; the other 502 kB at half the
 * rate, until 1.504 ms. The others keep what there was at their start. */
static void a_trace_is_followed_or_kept_from_the_start(void)
{
    struct cluster *cluster = traced(HALF_THEN_DOUBLE, "cluster.topology=star");
    CHECK_EQUAL(one(cluster, "flow", 1, 0), MS / 2 + 1004 * US);
    /* 751 kB at half the rate from 0.502 ms on, 249 kB at 1 GB/s (the other link's) */
    CHECK_EQUAL(one(cluster, "flow", 1, MS / 2), 2002 * US + MS / 4);
    CHECK_EQUAL(one(cluster, "flow", 1, 3 * MS), 4 * MS + 2 * US);
    for (int i = 1; i < MODELS; i++) {
        CHECK_EQUAL(one(cluster, models[i], 1, 0), MS + 2 * US);
        CHECK_EQUAL(one(cluster, models[i], 1, MS / 2), 5 * MS / 2 + 2 * US);
        CHECK_EQUAL(one(cluster, models[i], 1, 3 * MS), 4 * MS + 2 * US);
    }
    cluster_free(cluster);
}

/* Two flows from node 0 share its cable; and a fatpipe, that bounds each of them. */
static uint64_t two(struct cluster *cluster)
{
    struct netmodel *model = netmodel_create(netmodel_named("flow"), cluster);
    struct transfer a = {.src = 0, .dst = 1, .bytes = 1000000},
                    b = {.src = 0, .dst = 2, .bytes = 1000000, .sequence = 1};
    model->ops->start(model, &a, 0);
    model->ops->start(model, &b, 0);
    uint64_t end = end_all(model);
    CHECK_EQUAL(a.finish_ps, b.finish_ps);
    model->ops->free(model);
    cluster_free(cluster);
    return end;
}

static void flows_share_what_there_is_at_the_time(void)
{
    CHECK_EQUAL(two(STAR("cluster.topology=star")), 2 * MS + 2 * US);
    /* 1 MB of the two by 1.002 ms, the other at half the rate */
    CHECK_EQUAL(two(traced("0.001002,node0,0.5\n", "cluster.topology=star")), 3 * MS + 2 * US);
    CHECK_EQUAL(two(traced("0,node0,0.5\n", "cluster.topology=star")), 4 * MS + 2 * US);
    struct cluster *fatpipe = traced("0.000502,node0,0.25\n", "cluster.topology=star");
    fatpipe->links[0].fatpipe = fatpipe->links[1].fatpipe = true;
    CHECK_EQUAL(two(fatpipe), MS / 2 + 2 * MS + 2 * US);
}

/* Either direction's name, and both directions share it. */
static void a_half_duplex_cable_is_one_link(void)
{
    static const char *const names[] = {"node0->switch0", "switch0->node0"};
    for (int i = 0; i < 2; i++) {
        char words[64];
        snprintf(words, sizeof words, "cluster.slow.links=%s@0.5", names[i]);
        struct cluster *cluster =
            STAR(words, "cluster.topology=explicit",
                 "cluster.links=node0 switch0 duplex=half,node1 switch0,node2 switch0");
        CHECK_EQUAL(cluster->links[0].bandwidth_Bps, 500000000);
        CHECK_EQUAL(cluster->links[1].bandwidth_Bps, 500000000);
        CHECK_EQUAL(one(cluster, "flow", 1, 0), 2 * MS + 2 * US);
        cluster_free(cluster);
    }
}

/* ---- Draws ---- */

static int slow_cables(const char *fraction, const char *seed, bool slow[64])
{
    struct cluster *cluster = CLUSTER("nodes=64", "cluster.link.bandwidth=1GB/s", fraction, seed);
    int count = 0;
    for (int i = 0; i < 64; i++) {
        CHECK_EQUAL(cluster->links[2 * i].bandwidth_Bps, cluster->links[2 * i + 1].bandwidth_Bps);
        slow[i] = cluster->links[2 * i].bandwidth_Bps == 500000000;
        count += slow[i];
    }
    cluster_free(cluster);
    return count;
}

static void a_fraction_is_drawn_by_the_seed(void)
{
    bool few[64], more[64], again[64], other[64];
    CHECK_EQUAL(slow_cables("cluster.slow.link_fraction=0.25", "cluster.slow.seed=3", few), 16);
    CHECK_EQUAL(slow_cables("cluster.slow.link_fraction=0.5", "cluster.slow.seed=3", more), 32);
    slow_cables("cluster.slow.link_fraction=0.25", "cluster.slow.seed=3", again);
    slow_cables("cluster.slow.link_fraction=0.25", "cluster.slow.seed=4", other);
    CHECK(!memcmp(few, again, sizeof few) && memcmp(few, other, sizeof few));
    for (int i = 0; i < 64; i++)
        CHECK(!few[i] || more[i]);
}

static void a_spread_has_its_median(void)
{
    struct cluster *cluster = CLUSTER("nodes=1000", "cluster.link.bandwidth=1GB/s",
                                      "cluster.slow.link_spread=lognormal:sigma=0.5");
    int below = 0;
    for (int i = 0; i < 1000; i++)
        below += cluster->links[2 * i].bandwidth_Bps < 1000000000;
    CHECK_NEAR(below, 500, 50);
    cluster_free(cluster);
}

/* ---- Who cannot do it says so ---- */

static void fast_resolvers_decline(void)
{
    struct cluster *cluster = traced("0.001,node1,0.5\n", "cluster.topology=star"),
                   *lasting = STAR("cluster.slow.links=node1");
    struct resolver_run run = {.cluster = cluster, .netmodel = netmodel_named("loggp")};
    for (int r = 0; resolvers[r]; r++) {
        run.cluster = cluster;
        const char *why = resolvers[r]->refuses(&run);
        CHECK((resolvers[r] == &resolver_events) != (why && strstr(why, "link_trace")));
        run.cluster = lasting;
        CHECK(!resolvers[r]->refuses(&run) || !strstr(resolvers[r]->refuses(&run), "slow"));
    }
    cluster_free(cluster);
    cluster_free(lasting);
}

SUITE("clock: slow links", TEST(a_slow_link_is_so_many_times_as_long),
      TEST(a_trace_is_followed_or_kept_from_the_start), TEST(flows_share_what_there_is_at_the_time),
      TEST(a_half_duplex_cable_is_one_link), TEST(a_fraction_is_drawn_by_the_seed),
      TEST(a_spread_has_its_median), TEST(fast_resolvers_decline));
