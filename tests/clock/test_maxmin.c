/* Max-min fairness on random sets of flows: no link above its capacity, every flow has a bottleneck
 * (a full link on which no flow is faster), and the order of the flows does not matter. */
#include "tests/check.h"

#include "src/clock/netmodel/maxmin.h"
#include "threadrack/base/philox.h"

#include "fixture.h"

#include <stdlib.h>

enum { NODES = 12, FLOWS = 30, ROOM = 64 };

static int routes[FLOWS][ROOM];

static void random_flows(const struct cluster *cluster, struct transfer *flows, uint32_t trial)
{
    struct draw draw = {.seed = 3, .purpose = PURPOSE_TEST, .step = trial};
    for (int f = 0; f < FLOWS; f++) {
        int src = (int)draw_below(draw, (uint64_t)(2 * f), NODES);
        int dst = (int)draw_below(draw, (uint64_t)(2 * f + 1), NODES - 1);
        dst += dst >= src;
        flows[f] = (struct transfer){.src = src, .dst = dst, .route = routes[f]};
        flows[f].route_length = cluster_route(cluster, src, dst, routes[f]);
    }
}

static double load_of(const struct transfer *flows, const double *rates, int link, double *fastest)
{
    double load = 0;
    *fastest = 0;
    for (int f = 0; f < FLOWS; f++)
        for (int i = 0; i < flows[f].route_length; i++)
            if (flows[f].route[i] == link) {
                load += rates[f];
                *fastest = rates[f] > *fastest ? rates[f] : *fastest;
            }
    return load;
}

static bool has_bottleneck(const struct cluster *cluster, const struct transfer *flows,
                           const double *rates, int f)
{
    for (int i = 0; i < flows[f].route_length; i++) {
        int link = flows[f].route[i];
        double fastest, load = load_of(flows, rates, link, &fastest);
        double capacity = (double)cluster->links[link].bandwidth_Bps;
        if (load >= capacity * (1 - 1e-9) && rates[f] >= fastest * (1 - 1e-9))
            return true;
    }
    return false;
}

static void check_trial(const struct cluster *cluster, struct maxmin *maxmin, uint32_t trial)
{
    struct transfer flows[FLOWS], *list[FLOWS], *reversed[FLOWS];
    double rates[FLOWS];
    random_flows(cluster, flows, trial);
    for (int f = 0; f < FLOWS; f++) {
        list[f] = &flows[f];
        reversed[FLOWS - 1 - f] = &flows[f];
    }
    maxmin_solve(maxmin, list, FLOWS);
    memcpy(rates, maxmin->rates_Bps, sizeof rates);
    for (int link = 0; link < cluster->link_count; link++) {
        double fastest, capacity = (double)cluster->links[link].bandwidth_Bps;
        CHECK(load_of(flows, rates, link, &fastest) <= capacity * (1 + 1e-9));
    }
    for (int f = 0; f < FLOWS; f++)
        CHECK(has_bottleneck(cluster, flows, rates, f));
    maxmin_solve(maxmin, reversed, FLOWS);
    for (int f = 0; f < FLOWS; f++)
        CHECK_NEAR(maxmin->rates_Bps[FLOWS - 1 - f], rates[f], rates[f] * 1e-9);
}

static void fair_and_full(void)
{
    struct cluster *clusters[] = {
        CLUSTER("nodes=12", "cluster.topology=star"),
        CLUSTER("nodes=12", "cluster.topology=ring"),
        CLUSTER("nodes=12", "cluster.topology=two_level", "cluster.box.size=5",
                "cluster.box.link.bandwidth=3GB/s"),
    };
    for (int i = 0; i < 3; i++) {
        struct maxmin maxmin;
        CHECK_FATAL(clusters[i] != NULL);
        CHECK_FATAL(cluster_route_room(clusters[i]) <= ROOM);
        maxmin_init(&maxmin, clusters[i]);
        for (uint32_t trial = 0; trial < 200; trial++)
            check_trial(clusters[i], &maxmin, trial);
        maxmin_release(&maxmin);
        cluster_free(clusters[i]);
    }
}

SUITE("clock: max-min", TEST(fair_and_full));
