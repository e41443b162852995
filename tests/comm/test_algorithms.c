/* `auto` picks what is fastest on the group's own nodes, and layouts are found or refused. */
#include "tests/check.h"

#include "tests/clock/fixture.h"
#include "threadrack/comm/algorithms.h"

static struct algorithms *asked_of(const char *operation, const char *text, const struct cluster *cluster,
                                   struct errors *errors)
{
    return algorithms_create(operation, text, "test", cluster, netmodel_named("flow"), errors);
}

static struct algorithms *asked(const char *text, const struct cluster *cluster,
                                struct errors *errors)
{
    return asked_of("allreduce", text, cluster, errors);
}

static struct pattern *first_nodes(struct algorithms *algorithms, int size)
{
    int nodes[64];
    for (int i = 0; i < size; i++)
        nodes[i] = i;
    return algorithms_pattern(algorithms, nodes, size,
                              (struct path){.latency_ps = 1, .bandwidth_Bps = 1});
}

/* At powers of two the choice is the least of the table. */
static void takes_the_least(const struct cluster *cluster, int size)
{
    struct errors errors;
    errors_init(&errors);
    struct algorithms *algorithms = asked("auto", cluster, &errors);
    struct pattern *pattern = first_nodes(algorithms, size);
    for (size_t count = 1; count <= 1 << 20; count *= 32) {
        const struct collective *picked = algorithms_pick(algorithms, pattern, count, 4).collective;
        uint64_t least = UINT64_MAX, chosen = 0, predicted_ps;
        struct choice choice;
        for (int i = 0;
             algorithms_predict(algorithms, pattern, i, count, 4, &choice, &predicted_ps); i++) {
            least = predicted_ps < least ? predicted_ps : least;
            if (choice.collective == picked)
                chosen = predicted_ps;
        }
        CHECK_EQUAL(chosen, least);
    }
    algorithms_free(algorithms);
    errors_release(&errors);
}

static struct cluster *boxes(void)
{
    return CLUSTER("nodes=16", "cluster.topology=two_level", "cluster.box.size=4",
                   "cluster.link.bandwidth=1GB/s", "cluster.box.link.bandwidth=100GB/s");
}

static void least_of_the_table(void)
{
    struct cluster *ring = CLUSTER("nodes=16", "cluster.topology=ring"), *two = boxes();
    takes_the_least(ring, 16);
    takes_the_least(two, 16);
    takes_the_least(two, 7);
    cluster_free(ring);
    cluster_free(two);
}

/* Where closed forms would take halving-doubling, whose far exchanges share the cables of a ring or
 * the uplinks of boxes, the netmodel is asked. */
static void sees_the_wiring(void)
{
    struct errors errors;
    errors_init(&errors);
    struct cluster *ring = CLUSTER("nodes=16", "cluster.topology=ring"), *two = boxes();
    struct algorithms *on_ring = asked("auto", ring, &errors),
                      *on_two = asked("auto", two, &errors);
    CHECK_TEXT(algorithms_pick(on_ring, first_nodes(on_ring, 16), 1 << 20, 4).kind->name, "ring");
    CHECK_TEXT(algorithms_pick(on_two, first_nodes(on_two, 16), 1 << 20, 4).kind->name,
               "hierarchical");
    algorithms_free(on_ring);
    algorithms_free(on_two);
    cluster_free(ring);
    cluster_free(two);
    errors_release(&errors);
}

/* So do its halves: long vectors by levels, in boxes of one size. */
static void halves_see_the_wiring(void)
{
    static const char *const operations[] = {"reduce_scatter", "allgather"};
    struct errors errors;
    errors_init(&errors);
    struct cluster *two = boxes();
    for (int i = 0; i < 2; i++) {
        struct algorithms *algorithms = asked_of(operations[i], "auto", two, &errors);
        struct pattern *even = first_nodes(algorithms, 16), *uneven = first_nodes(algorithms, 7);
        CHECK_TEXT(algorithms_pick(algorithms, even, 1 << 20, 4).kind->name, "hierarchical");
        CHECK(strcmp(algorithms_pick(algorithms, uneven, 1 << 20, 4).kind->name, "hierarchical"));
        struct choice choice;
        uint64_t predicted_ps;
        int candidates = 0;
        while (algorithms_predict(algorithms, uneven, candidates, 1, 4, &choice, &predicted_ps))
            candidates++;
        CHECK_EQUAL(candidates, 3);
        algorithms_free(algorithms);
    }
    CHECK_EQUAL(errors.count, 0);
    cluster_free(two);
    errors_release(&errors);
}

/* Long vectors go over all dimensions of a torus at once where the netmodel has a port for each. */
static void sees_the_dimensions(void)
{
    struct errors errors;
    errors_init(&errors);
    struct cluster *torus =
        CLUSTER("nodes=16", "cluster.topology=torus", "cluster.torus.dimensions=4x4");
    struct algorithms *algorithms = asked("auto", torus, &errors);
    struct pattern *pattern = first_nodes(algorithms, 16);
    CHECK_TEXT(algorithms_pick(algorithms, pattern, 1 << 22, 4).kind->name, "torus2d");
    /* The even nodes are rows of two. */
    int nodes[8];
    for (int i = 0; i < 8; i++)
        nodes[i] = 2 * i;
    struct algorithms *nested = asked("hierarchical", torus, &errors);
    pattern = algorithms_pattern(nested, nodes, 8, (struct path){1, 1});
    const struct layout *layout =
        algorithms_pick(nested, pattern, 1, 4).collective->schedule.context;
    CHECK(layout->levels == 2 && layout->sizes[0] == 2 && layout->sizes[1] == 4);
    CHECK_EQUAL(layout->paths[0].latency_ps, cluster_path(torus, 0, 2).latency_ps);
    CHECK_EQUAL(layout->paths[1].latency_ps, cluster_path(torus, 0, 4).latency_ps);
    algorithms_free(algorithms);
    algorithms_free(nested);
    cluster_free(torus);
    errors_release(&errors);
}

static bool fits_of(const char *operation, const char *text, const struct cluster *cluster, int size)
{
    int nodes[64];
    for (int i = 0; i < size; i++)
        nodes[i] = i;
    struct errors errors;
    errors_init(&errors);
    struct algorithms *algorithms = asked_of(operation, text, cluster, &errors);
    bool good = algorithms && algorithms_fit(algorithms, nodes, size, &errors);
    CHECK(good == (errors.count == 0));
    algorithms_free(algorithms);
    errors_release(&errors);
    return good;
}

static bool fits(const char *text, const struct cluster *cluster, int size)
{
    return fits_of("allreduce", text, cluster, size);
}

static void layouts(void)
{
    struct cluster *two = boxes(), *star = CLUSTER("nodes=16");
    CHECK(fits("hierarchical", two, 16));
    CHECK(fits("hierarchical", two, 8));
    CHECK(!fits("hierarchical", two, 7));
    CHECK(!fits("hierarchical", two, 4));
    CHECK(!fits("hierarchical", star, 16));
    CHECK(fits("hierarchical:box=8", star, 16));
    CHECK(fits("torus2d:rows=2", star, 16));
    CHECK(!fits("torus2d:rows=3", star, 16));
    CHECK(!fits("hierarchical:box=0", star, 16));
    CHECK(fits("hierarchical:levels=4x2", star, 16));
    CHECK(fits("hierarchical:levels=4x4", star, 16));
    CHECK(!fits("hierarchical:levels=4x3", star, 16));
    CHECK(!fits("hierarchical:levels=4x", star, 16));
    CHECK(!fits("hierarchical:rows=4", star, 16));
    CHECK(!fits("torus2d:rows=4,levels=4x4", star, 16));
    CHECK(!fits("torus2d", star, 16));
    CHECK(fits("chain:chunk=64KiB", star, 16));
    CHECK(!fits("chain:chunk=3B", star, 16));
    CHECK(!fits("chain:chunk=64", star, 16));
    CHECK(!fits("ring:chunk=64KiB", star, 16));
    CHECK(!fits("hierarchical:bix=4", star, 16));
    CHECK(!fits("ring:box=4", star, 16));
    CHECK(fits("rabenseifner", star, 16));
    CHECK(fits("auto", star, 16));
    CHECK(fits_of("reduce_scatter", "hierarchical", two, 8));
    CHECK(fits_of("allgather", "hierarchical:levels=4x2", star, 16));
    CHECK(!fits_of("reduce_scatter", "hierarchical", two, 7));
    CHECK(!fits_of("allgather", "hierarchical", star, 16));
    CHECK(fits_of("allgather", "torus2d:rows=4", star, 16));
    CHECK(!fits_of("reduce_scatter", "torus2d", star, 16));
    CHECK(!fits_of("alltoall", "torus2d", two, 16));
    cluster_free(two);
    cluster_free(star);
}

SUITE("comm: algorithms", TEST(least_of_the_table), TEST(sees_the_wiring),
      TEST(halves_see_the_wiring), TEST(sees_the_dimensions), TEST(layouts));
