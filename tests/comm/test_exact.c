/* Virtual time of every collective equals its closed form, to the picosecond, on an uncontended
 * switch; and what contends, contends. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/comm/algorithms.h"
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

/* For calls without a context. */
static uint64_t form_ps(const struct collective *collective, int size, size_t count,
                        struct path path)
{
    return collective->closed_form_ps(&(struct call){.size = size, .count = count}, 4, path);
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

static bool folds(const struct collective *collective, int size)
{
    bool halves = strstr(collective->name, "doubling") || strstr(collective->name, "halving") ||
                  !strcmp(collective->name, "rabenseifner");
    return halves && (size & (size - 1));
}

/* Under `flow` a star is uncontended only where no two messages meet at a node. In trees that lead
 * to the root, and in members that pass on chunks, they do; and where members are folded, a
 * neighbour's first exchange meets the folding at the member that does both, and takes half its
 * link, where `hockney` serves one after the other. */
static bool meets(const struct collective *collective, int size)
{
    static const char *const trees[] = {"gather", "reduce", "barrier tree", "allreduce binomial",
                                        "allreduce chain"};
    char name[64];
    snprintf(name, sizeof name, "%s %s", collective->operation, collective->name);
    for (int i = 0; i < 5; i++)
        if (!strcmp(collective->operation, trees[i]) || !strcmp(name, trees[i]))
            return true;
    return strstr(collective->name, "scatter_allgather") || folds(collective, size) ||
           !strcmp(collective->name, "double_tree");
}

/* In two trees, whoever has fewer than two children may be ahead of its steps: it ends early in a
 * group of three, and on the way up its message may take a port before one that was to come first.
 */
static bool gets_ahead(const struct collective *collective, int size)
{
    return !strcmp(collective->name, "double_tree") &&
           (size == 3 || !strcmp(collective->operation, "allreduce"));
}

/* Members end their halving at different times, and some begin their gather meanwhile. */
static bool is_bound_only(const struct collective *collective, int size)
{
    return !strcmp(collective->name, "rabenseifner") && (size & (size - 1));
}

/* Strands side by side need a port each, which a node of a star has not: there they take turns. */
static bool takes_turns(const struct collective *collective)
{
    return collective->schedule.strands;
}

static void hold_to_its_form(const struct cluster *cluster, int size,
                             const struct collective *collective, size_t count)
{
    struct path path = cluster_path(cluster, 0, 1);
    if (!strcmp(collective->operation, "barrier"))
        count = 0;
    struct call call = {.size = size, .count = count, .context = collective->schedule.context};
    uint64_t should = collective->closed_form_ps(&call, 4, path);
    uint64_t is = time_of(cluster, "hockney", size, collective, count);
    if (is_bound_only(collective, size)) {
        CHECK(is <= should);
        return;
    }
    if (takes_turns(collective)) {
        CHECK(is >= should && is <= 2 * should);
        return;
    }
    if (gets_ahead(collective, size)) {
        CHECK(is <= should + should / 8 && is >= should - should / 3);
        return;
    }
    if (is != should)
        fprintf(stderr, "\n%s %s of %d\n", collective->operation, collective->name, size);
    CHECK_EQUAL(is, should);
    if (size <= 16 && !meets(collective, size))
        CHECK_EQUAL(time_of(cluster, "flow", size, collective, count), should);
}

/* Counts that the size, the power of two within it and four chunks divide. */
static void closed_forms(void)
{
    for (int size = 2; size <= 33; size++) {
        struct cluster *cluster = switch_of(size);
        size_t power = 1;
        while (2 * power <= (size_t)size)
            power *= 2;
        for (size_t times = 0; times <= 1001; times += 1001) {
            size_t count = 4 * (size_t)size * power * times;
            struct layout layout = {.chunk = count / 4};
            for (int c = 0; collectives[c]; c++) {
                struct collective collective = *collectives[c];
                collective.schedule.context = &layout;
                hold_to_its_form(cluster, size, &collective, count);
            }
        }
        cluster_free(cluster);
    }
}

/* Of counts that do not divide, the form is an upper bound; where members are folded, and in two
 * trees, messages of uneven lengths may wait for each other at a port, and it may take a third
 * longer. */
static void bounds(void)
{
    for (int size = 2; size <= 33; size++) {
        struct cluster *cluster = switch_of(size);
        struct layout layout = {.chunk = 1000};
        for (int c = 0; collectives[c]; c++) {
            struct collective collective = *collectives[c];
            collective.schedule.context = &layout;
            size_t count = strcmp(collective.operation, "barrier") ? 10007 : 0;
            struct call call = {.size = size, .count = count, .context = &layout};
            uint64_t most = collective.closed_form_ps(&call, 4, cluster_path(cluster, 0, 1));
            uint64_t is = time_of(cluster, "hockney", size, &collective, count);
            bool waits = folds(&collective, size) || !strcmp(collective.name, "double_tree");
            CHECK(is <= most + (waits ? most / 3 : takes_turns(&collective) ? 2 * most : 0));
            CHECK(is >= most - most / 3);
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
    CHECK_EQUAL(form_ps(ring, 8, 720720, path), 14 * (2468000 + 51480000ull));
    CHECK_EQUAL(form_ps(doubling, 8, 720720, path), 3 * (2468000 + 411840000ull));
    CHECK_EQUAL(form_ps(doubling, 11, 720720, path), 5 * (2468000 + 411840000ull));
    CHECK_EQUAL(form_ps(halving, 8, 720720, path),
                2 * (3 * 2468000 + 205920000ull + 102960000 + 51480000));
    CHECK(!collective_find("allreduce", "rign", "test", &errors));
    CHECK(errors.count == 1 && strstr(errors.messages[0], "did you mean 'ring'"));
    errors_release(&errors);
}

/* Two trees take a step a chunk, and no more than two a level besides. */
static void two_trees_at_full_bandwidth(void)
{
    struct path path = {.latency_ps = 1000, .bandwidth_Bps = 4000000000};
    struct errors errors;
    errors_init(&errors);
    const struct collective *trees = collective_find("broadcast", "double_tree", "test", &errors);
    CHECK_FATAL(trees != NULL);
    struct layout layout = {.chunk = 1};
    for (int size = 2; size <= 5000; size += 1 + size / 7)
        for (size_t chunks = 1; chunks <= 1000; chunks *= 10) {
            uint64_t levels = 1;
            while (1 << levels < size)
                levels++;
            struct call call = {.size = size, .count = chunks, .context = &layout};
            uint64_t steps = trees->closed_form_ps(&call, 4, path) / 2000;
            CHECK(steps >= chunks && steps <= chunks + 2 * levels);
        }
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
            const struct collective *best = collective_cheapest("allreduce", size, count, 4, path);
            for (int i = 0; collectives[i]; i++)
                if (!strcmp(collectives[i]->operation, "allreduce") &&
                    !strstr(collectives[i]->options, "levels"))
                    CHECK(form_ps(best, size, count, path) <=
                          form_ps(collectives[i], size, count, path));
        }
    CHECK_TEXT(collective_cheapest("allreduce", 16, 1, 4, path)->name, "recursive_doubling");
    CHECK_TEXT(collective_cheapest("allreduce", 16, 10000000, 4, path)->name, "halving_doubling");
    CHECK_TEXT(collective_cheapest("allreduce", 15, 100000000, 4, path)->name, "ring");
}

/* A group of all nodes, with the levels or dimensions that the cluster has. */
static uint64_t levels_ps(const struct cluster *cluster, const char *netmodel, const char *operation,
                          const char *name, size_t count, uint64_t *form)
{
    struct errors errors;
    errors_init(&errors);
    int nodes[64], size = cluster->nodes;
    for (int i = 0; i < size; i++)
        nodes[i] = i;
    struct algorithms *algorithms =
        algorithms_create(operation, name, "test", cluster, netmodel_named(netmodel), &errors);
    CHECK_FATAL(algorithms && algorithms_fit(algorithms, nodes, size, &errors));
    struct path worst = cluster_path(cluster, 0, size - 1);
    struct pattern *pattern = algorithms_pattern(algorithms, nodes, size, worst);
    const struct collective *own = algorithms_pick(algorithms, pattern, count, 4).collective;
    struct call call = {.size = size, .count = count, .context = own->schedule.context};
    *form = own->closed_form_ps(&call, 4, worst);
    uint64_t is = time_of(cluster, netmodel, size, own, count);
    algorithms_free(algorithms);
    errors_release(&errors);
    return is;
}

static uint64_t nested_ps(const struct cluster *cluster, const char *netmodel, const char *name,
                          size_t count, uint64_t *form)
{
    return levels_ps(cluster, netmodel, "allreduce", name, count, form);
}

/* Every cable of the torus is its own: each strand goes as if alone, and two of them halve the time of
 * the ring in ring. */
static void all_dimensions_of_a_torus(void)
{
    static const char *const tori[] = {"cluster.torus.dimensions=4x4", "cluster.torus.dimensions=5x5",
                                       "cluster.torus.dimensions=3x3x3"};
    static const int nodes[] = {16, 25, 27}, dimensions[] = {2, 2, 3};
    for (int i = 0; i < 3; i++) {
        char word[32];
        snprintf(word, sizeof word, "nodes=%d", nodes[i]);
        struct cluster *torus = CLUSTER(word, "cluster.topology=torus", tori[i],
                                        "cluster.link.bandwidth=7GB/s", "cluster.link.latency=1234ns",
                                        "cluster.device.add_bandwidth=free");
        size_t count = (size_t)(nodes[i] * dimensions[i]) * 10000;
        uint64_t form, nested_form, nested;
        CHECK_EQUAL(nested_ps(torus, "flow", "torus2d", count, &form), form);
        nested = nested_ps(torus, "flow", "hierarchical", count, &nested_form);
        CHECK_EQUAL(nested, nested_form);
        CHECK(form < nested / (uint64_t)dimensions[i] + nested / 5);
        uint64_t all = form, scatter = levels_ps(torus, "flow", "reduce_scatter", "torus2d", count, &form);
        CHECK_EQUAL(scatter, form);
        uint64_t gather = levels_ps(torus, "flow", "allgather", "torus2d", count, &form);
        CHECK_EQUAL(gather, form);
        CHECK_EQUAL(scatter + gather, all);
        cluster_free(torus);
    }
}

/* 4 x 4, by hand: 3 + 3 steps there and back, n / 8 and n / 32 bytes each at 7 GB/s. */
static void torus_by_hand(void)
{
    struct cluster *torus =
        CLUSTER("nodes=16", "cluster.topology=torus", "cluster.torus.dimensions=4x4",
                "cluster.link.bandwidth=7GB/s", "cluster.link.latency=1234ns",
                "cluster.device.add_bandwidth=free");
    uint64_t form;
    CHECK_EQUAL(nested_ps(torus, "flow", "torus2d", 1120000, &form),
                6 * (1234000 + 80000000ull) + 6 * (1234000 + 20000000ull));
    cluster_free(torus);
}

/* Where one dimension is longer, strands meet in it for a while. */
static void a_long_torus(void)
{
    struct cluster *torus =
        CLUSTER("nodes=32", "cluster.topology=torus", "cluster.torus.dimensions=4x8",
                "cluster.link.bandwidth=7GB/s", "cluster.link.latency=1234ns",
                "cluster.device.add_bandwidth=free");
    uint64_t form, other;
    uint64_t is = nested_ps(torus, "flow", "torus2d", 3200000, &form);
    CHECK(is >= form && is < form + form / 4);
    CHECK(is < nested_ps(torus, "flow", "hierarchical", 3200000, &other));
    cluster_free(torus);
}

/* Three levels, each ring on links of its own. */
static void every_level(void)
{
    struct cluster *levels = CLUSTER(
        "nodes=24", "cluster.topology=multi_level", "cluster.device.add_bandwidth=free",
        "cluster.levels=star size=4 bandwidth=300GB/s latency=1us,star size=3 bandwidth=50GB/s "
        "latency=2us attach=node,star size=2 bandwidth=10GB/s latency=5us attach=node");
    uint64_t form, two_form;
    CHECK_EQUAL(nested_ps(levels, "flow", "hierarchical", 240000, &form), form);
    uint64_t two = nested_ps(levels, "flow", "hierarchical:box=4", 240000, &two_form);
    CHECK(form < two);
    cluster_free(levels);
}

/* A reduce-scatter and an all-gather over levels take their form, and together what the all-reduce does. */
static void halves_of(const struct cluster *cluster, const char *name, size_t count, uint64_t half)
{
    static const char *const kinds[] = {"flow", "hockney"};
    for (int i = 0; i < 2; i++) {
        uint64_t form;
        CHECK_EQUAL(levels_ps(cluster, kinds[i], "reduce_scatter", name, count, &form), half);
        CHECK_EQUAL(form, half);
        CHECK_EQUAL(levels_ps(cluster, kinds[i], "allgather", name, count, &form), half);
        CHECK_EQUAL(form, half);
        CHECK_EQUAL(levels_ps(cluster, kinds[i], "allreduce", name, count, &form), 2 * half);
    }
}

/* By hand: 960,000 bytes; rings of 4, 3 and 2 with n/4, n/12 and n/24, each level on links of its own. */
static void halves_by_hand(void)
{
    struct cluster *rails = CLUSTER(
        "nodes=12", "cluster.topology=rail_optimized", "cluster.box.size=4", "cluster.box.link.bandwidth=300GB/s",
        "cluster.box.link.latency=1us", "cluster.link.bandwidth=25GB/s", "cluster.link.latency=3us",
        "cluster.device.add_bandwidth=free");
    struct cluster *levels = CLUSTER(
        "nodes=24", "cluster.topology=multi_level", "cluster.device.add_bandwidth=free",
        "cluster.levels=star size=4 bandwidth=300GB/s latency=1us,star size=3 bandwidth=50GB/s "
        "latency=2us attach=node,star size=2 bandwidth=10GB/s latency=5us attach=node");
    halves_of(rails, "hierarchical", 240000, 3 * (2000000 + 800000ull) + 2 * (6000000 + 3200000ull));
    halves_of(levels, "hierarchical", 240000,
              3 * (2000000 + 800000ull) + 2 * (4000000 + 1600000ull) + (10000000 + 4000000ull));
    cluster_free(rails);
    cluster_free(levels);
}

SUITE("comm: exact times", TEST(closed_forms), TEST(bounds), TEST(formulas_by_hand),
      TEST(two_trees_at_full_bandwidth), TEST(shared_uplink), TEST(all_dimensions_of_a_torus),
      TEST(torus_by_hand), TEST(a_long_torus), TEST(every_level), TEST(halves_by_hand),
      TEST(cheapest));
