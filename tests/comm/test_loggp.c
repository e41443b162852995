/* LogGP by hand: two nodes on a switch, L = 2 x 3us, G of 1 GB/s, o = 2us, g = 10us. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/rank/post.h"

enum { O = 2000000, L = 6000000, SMALL_GAP = 10000000 };

static uint64_t time_of(const char *offload, int messages, size_t bytes)
{
    struct cluster *cluster =
        CLUSTER("nodes=2", "cluster.link.latency=3us", "cluster.link.bandwidth=1GB/s",
                "cluster.loggp.overhead=2us", "cluster.loggp.gap=10us", offload);
    struct rack *rack = rack_create(cluster, netmodel_named("loggp"), compute_costs[0], 2);
    struct group *group = rack_group(rack, (const int[]){0, 1}, 2, false);
    struct rank *sender = rack_rank(rack, 0), *receiver = rack_rank(rack, 1);
    for (int i = 0; i < messages; i++) {
        rank_post_send(sender, group, 1, NULL, bytes);
        rank_wait(receiver, rank_post_receive(receiver, group, 0, NULL, bytes));
    }
    rank_end(sender);
    rank_end(receiver);
    struct errors errors;
    errors_init(&errors);
    CHECK(rack_finish(rack, &errors));
    uint64_t length = clock_length_ps(rack_clock(rack));
    errors_release(&errors);
    rack_free(rack);
    cluster_free(cluster);
    return length;
}

static void by_hand(void)
{
    const char *off = "cluster.loggp.offload=off", *on = "cluster.loggp.offload=on";
    CHECK_EQUAL(time_of(off, 1, 1), 2 * O + L);
    CHECK_EQUAL(time_of(off, 1, 5001), 2 * O + L + 5000000);
    CHECK_EQUAL(time_of(on, 1, 5001), L + 5000000);
    /* The second waits for the port: g after the first. */
    CHECK_EQUAL(time_of(off, 2, 1), 2 * O + SMALL_GAP + L);
    CHECK_EQUAL(time_of(on, 2, 1), SMALL_GAP + L);
    /* Long ones follow each other at (n-1)G. */
    CHECK_EQUAL(time_of(on, 2, 50001), 2 * 50000000 + L);
}

SUITE("comm: loggp", TEST(by_hand));
