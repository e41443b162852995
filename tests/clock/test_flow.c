/* The flow model by hand: two messages of 1 MB in one instant, over cables of 1 GB/s and 1 us. */
#include "tests/check.h"

#include "threadrack/clock/netmodel.h"

#include "fixture.h"

static void ignore(void *now, struct transfer *transfer)
{
    (void)now, (void)transfer;
}

static void keep_time(void *now, struct transfer *transfer)
{
    transfer->finish_ps = *(uint64_t *)now;
}

/* When the first of the two ends. */
static uint64_t first_end(struct cluster *cluster, int dst0, int src1, int dst1)
{
    struct netmodel *model = netmodel_create(netmodel_named("flow"), cluster);
    struct transfer a = {.src = 0, .dst = dst0, .bytes = 1000000};
    struct transfer b = {.src = src1, .dst = dst1, .bytes = 1000000, .sequence = 1};
    uint64_t now = 0;
    struct netmodel_sink sink = {&now, ignore, keep_time};
    model->ops->start(model, &a, 0);
    model->ops->start(model, &b, 0);
    while ((now = model->ops->next(model)) != TIME_NEVER)
        model->ops->advance(model, now, &sink);
    model->ops->free(model);
    cluster_free(cluster);
    return a.finish_ps < b.finish_ps ? a.finish_ps : b.finish_ps;
}

#define STAR(...)                                                                                  \
    CLUSTER("nodes=3", "cluster.link.latency=1us", "cluster.link.bandwidth=1GB/s", __VA_ARGS__)
#define MS UINT64_C(1000000000)
#define US UINT64_C(1000000)

static struct cluster *with(bool fatpipe, bool half_duplex)
{
    struct cluster *cluster = STAR("cluster.topology=star");
    for (int i = 0; i < cluster->link_count; i++) {
        cluster->links[i].fatpipe = fatpipe;
        cluster->links[i].half_duplex = half_duplex;
    }
    return cluster;
}

static void sharing(void)
{
    CHECK_EQUAL(first_end(with(false, false), 1, 2, 1), 2 * MS + 2 * US);
    CHECK_EQUAL(first_end(with(true, false), 1, 2, 1), MS + 2 * US);
    /* Against each other over one cable. */
    CHECK_EQUAL(first_end(with(false, false), 1, 1, 0), MS + 2 * US);
    CHECK_EQUAL(first_end(with(false, true), 1, 1, 0), 2 * MS + 2 * US);
}

/* A star of cables with the options. */
static struct cluster *listed(const char *options)
{
    char links[256];
    snprintf(links, sizeof links, "cluster.links=node0 switch0 %s,node1 switch0 %s,node2 switch0 %s",
             options, options, options);
    return STAR("cluster.topology=explicit", links);
}

static void sharing_is_listed(void)
{
    CHECK_EQUAL(first_end(listed("sharing=shared"), 1, 2, 1), 2 * MS + 2 * US);
    CHECK_EQUAL(first_end(listed("sharing=fatpipe"), 1, 2, 1), MS + 2 * US);
    CHECK_EQUAL(first_end(listed("duplex=full"), 1, 1, 0), MS + 2 * US);
    CHECK_EQUAL(first_end(listed("duplex=half"), 1, 1, 0), 2 * MS + 2 * US);
}

static void factors(void)
{
    CHECK_EQUAL(first_end(STAR("cluster.flow.latency_factor=3"), 1, 2, 0), MS + 6 * US);
    CHECK_EQUAL(first_end(STAR("cluster.flow.bandwidth_factor=0.5"), 1, 2, 0), 2 * MS + 2 * US);
    CHECK_EQUAL(first_end(STAR("cluster.flow.window=400B"), 1, 2, 0), 10 * MS + 2 * US);
    /* r + 0.05 r = 1 GB/s: each is the other's way back. */
    CHECK_NEAR((double)first_end(STAR("cluster.flow.crosstraffic=on"), 1, 1, 0),
               1.05 * (double)MS + 2 * (double)US, 1);
}

/* A message's rate times its duration, summed up. */
struct flown {
    uint64_t *now_ps, since_ps[2];
    double rate_Bps[2], bytes[2];
    int unlike; /* rates before that are not those told */
};

static void note_rate(void *context, struct transfer *transfer, double before_Bps, double rate_Bps)
{
    struct flown *flown = context;
    int i = (int)transfer->sequence;
    flown->bytes[i] += flown->rate_Bps[i] * (double)(*flown->now_ps - flown->since_ps[i]) * 1e-12;
    flown->unlike += flown->rate_Bps[i] != before_Bps;
    flown->since_ps[i] = *flown->now_ps;
    flown->rate_Bps[i] = rate_Bps;
}

static void rates_add_up(void)
{
    struct cluster *cluster = STAR("cluster.topology=star");
    struct netmodel *model = netmodel_create(netmodel_named("flow"), cluster);
    struct transfer a = {.src = 0, .dst = 1, .bytes = 1000000};
    struct transfer b = {.src = 2, .dst = 1, .bytes = 3000000, .sequence = 1};
    uint64_t now = 0;
    struct flown flown = {.now_ps = &now};
    struct netmodel_sink sink = {&now, ignore, keep_time};
    struct netmodel_watch watch = {&flown, note_rate};
    model->watch = &watch;
    model->ops->start(model, &a, 0);
    model->ops->start(model, &b, 0);
    for (uint64_t next; (next = model->ops->next(model)) != TIME_NEVER;)
        model->ops->advance(model, now = next, &sink);
    model->ops->free(model);
    cluster_free(cluster);
    CHECK_NEAR(flown.bytes[0], 1000000, 1);
    CHECK_NEAR(flown.bytes[1], 3000000, 1);
    CHECK_EQUAL(flown.unlike, 0);
    CHECK(flown.rate_Bps[0] == 0 && flown.rate_Bps[1] == 0);
}

SUITE("clock: flow", TEST(sharing), TEST(sharing_is_listed), TEST(factors), TEST(rates_add_up));
