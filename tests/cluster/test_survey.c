/* Formulas against what is computed from the graph, and what hashing spreads. */
#include "tests/cluster/fixture.h"

#include "threadrack/cluster/survey.h"

static const struct {
    const char *words[6];
    int diameter;
    uint64_t cables; /* of 1.25 GB/s across the bisection */
} known[] = {
    {{"cluster.topology=star", "nodes=10"}, 2, 5},
    {{"cluster.topology=ring", "nodes=10"}, 5, 2},
    {{"cluster.topology=full_mesh", "nodes=9"}, 1, 20},
    {{"cluster.topology=torus", "cluster.torus.dimensions=3x4x8", "nodes=96"}, 7, 24},
    {{"cluster.topology=torus", "cluster.torus.dimensions=5x2", "nodes=10"}, 3, 0},
    {{"cluster.topology=hypercube", "nodes=32"}, 5, 16},
    {{"cluster.topology=fat_tree", "cluster.fat_tree.k=4", "nodes=16"}, 6, 8},
    {{"cluster.topology=fat_tree", "cluster.fat_tree.form=2;4x4;1x2;1x1", "nodes=16"}, 4, 4},
    {{"cluster.topology=leaf_spine", "cluster.leaf_spine.oversubscription=2", "nodes=64"}, 4, 16},
    {{"cluster.topology=rail_optimized", "nodes=32"}, 4, 16},
};

static void formulas_are_least_cuts(void)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct errors errors = {0};
        struct cluster *cluster = fixture_cluster(known[i].words, &errors);
        errors_print(&errors, stderr);
        CHECK_FATAL(cluster != NULL);
        struct survey survey;
        survey_take(cluster, &survey);
        CHECK_EQUAL(survey.diameter, known[i].diameter);
        if (known[i].cables) {
            CHECK_EQUAL(survey.bisection, BISECTION_FORMULA);
            CHECK_EQUAL(survey.bisection_Bps, known[i].cables * 1250000000);
            CHECK_EQUAL(cluster_cut(cluster), survey.bisection_Bps);
        } else {
            CHECK_EQUAL(survey.bisection, BISECTION_CUT);
        }
        survey_release(&survey);
        cluster_free(cluster);
    }
}

/* Every pair sends once; of links between switches, the busiest has at most 1.5 times the mean. */
static void hashing_is_balanced(void)
{
    static const char *const words[][5] = {
        {"cluster.topology=leaf_spine", "nodes=128", "cluster.leaf_spine.spines=8"},
        {"cluster.topology=fat_tree", "cluster.fat_tree.k=8", "nodes=128",
         "cluster.fat_tree.spread=hash"},
    };
    for (int i = 0; i < 2; i++) {
        struct errors errors = {0};
        struct cluster *cluster = fixture_cluster(words[i], &errors);
        CHECK_FATAL(cluster != NULL);
        int *load = calloc((size_t)cluster->link_count, sizeof *load), links[64], most = 0, used = 0;
        long sum = 0;
        for (int src = 0; src < cluster->nodes; src++)
            for (int dst = 0; dst < cluster->nodes; dst++)
                for (int l = cluster_route(cluster, src, dst, links); l-- > 0;)
                    load[links[l]]++;
        for (int l = 0; l < cluster->link_count; l++)
            if (cluster->links[l].from >= cluster->nodes && cluster->links[l].to >= cluster->nodes) {
                most = load[l] > most ? load[l] : most;
                sum += load[l];
                used++;
            }
        CHECK(used > 0 && (double)most * used < 1.5 * (double)sum);
        free(load);
        cluster_free(cluster);
    }
}

static void levels_are_attached(void)
{
    struct errors errors = {0};
    int links[64];
    const char *tree = "cluster.levels=star size=8 bandwidth=300GB/s latency=1us,star attach=box";
    struct cluster *boxes =
        fixture_cluster(WORDS("cluster.topology=two_level", "nodes=24"), &errors);
    struct cluster *same =
        fixture_cluster(WORDS("cluster.topology=multi_level", tree, "nodes=24"), &errors);
    struct cluster *product = fixture_cluster(
        WORDS("cluster.topology=multi_level",
              "cluster.levels=full_mesh size=4,torus dimensions=3x3 attach=node", "nodes=36"), &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(boxes && same && product);
    for (int src = 0; src < 24; src++)
        for (int dst = 0; dst < 24; dst++) {
            struct path a = cluster_path(boxes, src, dst), b = cluster_path(same, src, dst);
            CHECK(a.latency_ps == b.latency_ps && a.bandwidth_Bps == b.bandwidth_Bps);
        }
    CHECK_EQUAL(product->vertices, 36);
    CHECK_EQUAL(product->link_count, 2 * (9 * 6 + 4 * 18));
    CHECK_EQUAL(cluster_route(product, 0, 1 + 4 * 4, links), 3);
    CHECK_EQUAL(product->links[links[0]].to, 1);
    cluster_free(boxes);
    cluster_free(same);
    cluster_free(product);
}

SUITE("cluster: survey", TEST(formulas_are_least_cuts), TEST(hashing_is_balanced),
      TEST(levels_are_attached));
