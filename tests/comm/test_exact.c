/* Virtual time of every collective equals its closed form, to the picosecond, on an uncontended
 * switch; and what contends, contends. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/comm/collective.h"
#include "threadrack/comm/mesh.h"
#include "threadrack/rank/post.h"

#include <stdlib.h>

static const struct cost_ops *roofline(void)
{
    return compute_costs[0];
}

static struct group *everybody(struct rack *rack)
{
    int members[64];
    for (int i = 0; i < rack_size(rack); i++)
        members[i] = i;
    return rack_group(rack, members, rack_size(rack), false);
}

static uint64_t time_of(const struct cluster *cluster, const char *netmodel, int size,
                        const struct collective *collective, size_t count)
{
    struct rack *rack = rack_create(cluster, netmodel_named(netmodel), roofline(), size);
    struct group *group = everybody(rack);
    for (int i = 0; i < size; i++) {
        struct rank *rank = rack_rank(rack, i);
        rank_wait(rank, rank_post_collective(rank, group, &collective->schedule, 0, NULL, count));
        rank_end(rank);
    }
    struct errors errors;
    errors_init(&errors);
    CHECK(rack_finish(rack, &errors));
    errors_print(&errors, stderr);
    errors_release(&errors);
    uint64_t length = clock_length_ps(rack_clock(rack));
    rack_free(rack);
    return length;
}

static struct cluster *switch_of(int nodes)
{
    char word[32];
    snprintf(word, sizeof word, "nodes=%d", nodes);
    return CLUSTER(word, "cluster.link.bandwidth=7GB/s", "cluster.link.latency=1234ns",
                   "cluster.device.add_bandwidth=free");
}

/* Under `flow` a star is uncontended only where no two messages meet at a node. In a gather they meet
 * at the root; and where members are folded, a neighbour's first exchange meets the folding at the
 * member that does both, and takes half its link, where `hockney` serves one after the other. */
static bool agrees_under(const char *netmodel, const struct collective *collective, int size)
{
    bool folds = strstr(collective->name, "doubling") && (size & (size - 1));
    return !strcmp(netmodel, "hockney") || (strcmp(collective->operation, "gather") && !folds);
}

static bool divides(int size, size_t count)
{
    int power = 1;
    while (2 * power <= size)
        power *= 2;
    return count % (size_t)size == 0 && count % (size_t)power == 0;
}

static void closed_forms(void)
{
    static const char *const models[] = {"hockney", "flow"};
    static const size_t counts[] = {0, 720720, 3 * 720720};
    for (int size = 1; size <= 16; size++) {
        struct cluster *cluster = switch_of(size);
        for (int c = 0; collectives[c]; c++)
            for (int m = 0; m < 2; m++)
                for (size_t n = 0; n < 3; n++) {
                    if (!agrees_under(models[m], collectives[c], size) ||
                        !divides(size, counts[n]))
                        continue;
                    struct path path = cluster_path(cluster, 0, size > 1);
                    uint64_t should =
                        size == 1 ? 0
                                  : collectives[c]->closed_form_ps(size, counts[n], 4, path);
                    CHECK_EQUAL(time_of(cluster, models[m], size, collectives[c], counts[n]),
                                should);
                }
        cluster_free(cluster);
    }
}

/* The formulas themselves, written out once more by hand. */
static void formulas_by_hand(void)
{
    struct path path = {.latency_ps = 2468000, .bandwidth_Bps = 7000000000};
    struct errors errors;
    errors_init(&errors);
    const struct collective *ring = collective_find("allreduce", "ring", "test", &errors);
    const struct collective *doubling =
        collective_find("allreduce", "recursive_doubling", "test", &errors);
    const struct collective *halving =
        collective_find("allreduce", "halving_doubling", "test", &errors);
    /* 2,882,880 bytes over 8: 360,360 bytes at 7 GB/s are 51,480,000 ps; whole 411,840,000 ps. */
    CHECK_EQUAL(ring->closed_form_ps(8, 720720, 4, path), 14 * (2468000 + 51480000ull));
    CHECK_EQUAL(doubling->closed_form_ps(8, 720720, 4, path), 3 * (2468000 + 411840000ull));
    CHECK_EQUAL(doubling->closed_form_ps(11, 720720, 4, path), 5 * (2468000 + 411840000ull));
    CHECK_EQUAL(halving->closed_form_ps(8, 720720, 4, path),
                2 * (3 * 2468000 + 205920000ull + 102960000 + 51480000));
    CHECK(!collective_find("allreduce", "rign", "test", &errors));
    CHECK(errors.count == 1 && strstr(errors.messages[0], "did you mean 'ring'"));
    errors_release(&errors);
}

/* Two rings' worth of boxes share one uplink: flow sees it, hockney does not, and names it. */
static void shared_uplink(void)
{
    struct cluster *cluster =
        CLUSTER("nodes=8", "cluster.topology=two_level", "cluster.box.size=4",
                "cluster.link.bandwidth=1GB/s", "cluster.box.link.bandwidth=100GB/s",
                "cluster.device.add_bandwidth=free");
    struct errors errors;
    errors_init(&errors);
    const struct collective *halving =
        collective_find("allreduce", "halving_doubling", "test", &errors);
    uint64_t hockney = time_of(cluster, "hockney", 8, halving, 1 << 20);
    uint64_t flow = time_of(cluster, "flow", 8, halving, 1 << 20);
    CHECK(flow > 2 * hockney);
    cluster_free(cluster);
    errors_release(&errors);
}

/* `auto` takes the least of the closed forms. */
static void cheapest(void)
{
    struct path path = {.latency_ps = 10000000, .bandwidth_Bps = 1250000000};
    for (int size = 2; size <= 33; size++)
        for (size_t count = 1; count < 100000000; count *= 10) {
            const struct collective *best =
                collective_cheapest("allreduce", size, count, 4, path);
            for (int i = 0; collectives[i]; i++)
                if (!strcmp(collectives[i]->operation, "allreduce"))
                    CHECK(best->closed_form_ps(size, count, 4, path) <=
                          collectives[i]->closed_form_ps(size, count, 4, path));
        }
    CHECK_TEXT(collective_cheapest("allreduce", 16, 1, 4, path)->name, "recursive_doubling");
    CHECK_TEXT(collective_cheapest("allreduce", 16, 10000000, 4, path)->name, "halving_doubling");
    CHECK_TEXT(collective_cheapest("allreduce", 15, 100000000, 4, path)->name, "ring");
}

SUITE("comm: exact times", TEST(closed_forms), TEST(formulas_by_hand), TEST(shared_uplink),
      TEST(cheapest));
