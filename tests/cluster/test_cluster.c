#include "tests/cluster/fixture.h"

static void devices(void)
{
    struct errors errors = {0};
    struct cluster *cluster = fixture_cluster(
        WORDS("nodes=10", "cluster.slow.fraction=0.25", "cluster.device.memory_bandwidth=30GB/s"),
        &errors);
    CHECK_FATAL(cluster != NULL);
    CHECK_EQUAL(cluster->devices[0].flops, 100000000000);
    CHECK_EQUAL(cluster->devices[0].add_Bps, 10000000000);
    CHECK_EQUAL(cluster->devices[0].memory_bytes, 17179869184);
    CHECK_NEAR(cluster->devices[7].speed, 1, 0);
    CHECK_NEAR(cluster->devices[8].speed, 0.5, 0);
    CHECK_TEXT(cluster->name, "inline");
    CHECK_TEXT(cluster_link_name(cluster, 6), "node3->switch0");
    cluster_free(cluster);
    cluster = fixture_cluster(WORDS("nodes=100", "cluster.slow.fraction=0.29",
                                    "cluster.device.add_bandwidth=free"), &errors);
    CHECK_NEAR(cluster->devices[70].speed, 1, 0);
    CHECK_NEAR(cluster->devices[71].speed, 0.5, 0);
    CHECK_EQUAL(cluster->devices[0].add_Bps, 0);
    cluster_free(cluster);
    CHECK_EQUAL(errors.count, 0);
}

static void shipped_files_are_good(void)
{
    static const struct {
        const char *name, *topology;
        int nodes, vertices;
    } files[] = {
        {"ethernet-1g", "star", 16, 17},     {"ethernet-10g", "star", 16, 17},
        {"ethernet-100g", "star", 16, 17},   {"ring", "ring", 16, 16},
        {"boxes-of-8", "two_level", 16, 19}, {"heterogeneous", "star", 16, 17},
        {"explicit", "explicit", 6, 8},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct errors errors = {0};
        char cluster_word[64], nodes_word[64];
        snprintf(cluster_word, sizeof cluster_word, "cluster=%s", files[i].name);
        snprintf(nodes_word, sizeof nodes_word, "nodes=%d", files[i].nodes);
        struct cluster *cluster = fixture_cluster(WORDS(cluster_word, nodes_word), &errors);
        errors_print(&errors, stderr);
        CHECK_FATAL(cluster != NULL);
        CHECK_TEXT(cluster->name, files[i].name);
        CHECK_TEXT(cluster->topology->name, files[i].topology);
        CHECK_EQUAL(cluster->vertices, files[i].vertices);
        cluster_free(cluster);
    }
}

static void files_are_overridden(void)
{
    struct errors errors = {0};
    struct cluster *cluster = fixture_cluster(
        WORDS("cluster=topologies/heterogeneous.yaml", "nodes=8", "cluster.link.latency=1us"),
        &errors);
    CHECK_FATAL(cluster != NULL);
    CHECK_EQUAL(cluster_path(cluster, 0, 1).latency_ps, 2000000);
    CHECK_NEAR(cluster->devices[5].speed, 1, 0);
    CHECK_NEAR(cluster->devices[6].speed, 0.5, 0);
    CHECK_TEXT(cluster->name, "heterogeneous");
    cluster_free(cluster);
    /* What came with the overridden topology is no error. */
    cluster = fixture_cluster(WORDS("cluster=boxes-of-8", "cluster.topology=star"), &errors);
    CHECK(cluster != NULL);
    cluster_free(cluster);
    CHECK_EQUAL(errors.count, 0);
}

static void folders_can_be_chosen(void)
{
    struct errors errors = {0};
    setenv("THREADRACK_TOPOLOGIES", "/tmp/no-such-folder", 1);
    CHECK_TEXT(cluster_folder(0), "/tmp/no-such-folder");
    CHECK_TEXT(cluster_folder(1), "topologies");
    unsetenv("THREADRACK_TOPOLOGIES");
    CHECK_TEXT(cluster_folder(0), "topologies");
    CHECK(strstr(cluster_folder(2), "share/threadrack/topologies") != NULL);
    CHECK(cluster_folder(3) == NULL);
    CHECK(fixture_cluster(WORDS("cluster=ethernet-11g"), &errors) == NULL);
    CHECK(fixture_says(&errors, "no cluster file 'ethernet-11g'; looked in topologies, "));
    CHECK(fixture_says(&errors, "did you mean 'ethernet-1"));
    errors_release(&errors);
}

static const struct {
    const char *words[4], *says;
} bad[] = {
    {{"nodes=0"}, "is outside 1 to 1000000"},
    {{"nodes=1000000000"}, "is outside 1 to 1000000"},
    {{"cluster=/nowhere/x.yaml"}, "no cluster file"},
    {{"cluster=/tmp"}, "directory"},
    {{"cluster.topology=sta"}, "did you mean 'star'?"},
    {{"cluster.device.flops=0flop/s"}, "is outside 1flop/s"},
    {{"cluster.link.bandwidth=0"}, "is outside 1B/s"},
    {{"cluster.link.latency=2s"}, "is outside 0ps to 1s"},
    {{"cluster.slow.speed=0"}, "is outside 1e-06"},
    {{"cluster.slow.fraction=1.5"}, "is outside 0 to 1"},
    {{"cluster.box.size=8"}, "cluster.box.size has no effect with topology star"},
    {{"cluster.topology=ring", "cluster.links=node0 node1"}, "cluster.links has no effect"},
    {{"cluster=ethernet-10g", "cluster.box.size=4"}, "no effect with topology star"},
    {{"cluster.topology=full_mesh", "nodes=100000"}, "at most 1024 nodes"},
    {{"cluster.topology=explicit", "nodes=5000", "cluster.links=node0 node1"}, "at most 1024"},
    {{"cluster.topology=torus", "cluster.torus.dimensions=4x4x2", "nodes=33"}, "nodes is at most 32"},
    {{"cluster.topology=torus", "cluster.torus.dimensions=4x0"}, "whole numbers such as 4x4x8"},
    {{"cluster.topology=fat_tree", "cluster.fat_tree.k=5"}, "4 or 6, not 5"},
    {{"cluster.topology=fat_tree", "cluster.fat_tree.form=2;4;1;1"}, "expected h; m1"},
    {{"cluster.topology=dragonfly", "cluster.dragonfly.routers=2", "cluster.dragonfly.groups=9"},
     "at most 3 groups, not 9; or 4 global links"},
    {{"cluster.topology=multi_level", "nodes=8"}, "needs its levels"},
    {{"cluster.topology=multi_level", "cluster.levels=star siz=8"}, "unknown key 'cluster.star.siz'"},
    {{"cluster.topology=multi_level", "nodes=8", "cluster.levels=star size=4,ring attach=bx"},
     "did you mean 'box'?"},
    {{"cluster.device=h1000"}, "did you mean 'h100'?"},
    {{"cluster.device=v100", "cluster.device.precision=bf16"}, "has fp32, fp16"},
    {{"cluster.device.efficiency=0.3"}, "no effect without a preset"},
    {{"cluster.topology=explicit", "nodes=2"}, "needs its cables in cluster.links"},
    {{"cluster.topology=explicit", "nodes=3", "cluster.links=node0 node1"},
     "no path of its cables joins node2 to node0"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 switch0,node1 switch1"},
     "no path of its cables joins node1 to node0"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 switch1,node1 switch1"},
     "joins switch0 to node0"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node2"},
     "expected node0 to node1, or switch0"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 nod1"}, "instead of nod1"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0"}, "expected two ends"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 node0"},
     "expected bandwidth=, latency=, sharing= or duplex= instead of node0"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node0"}, "to itself"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1,node1 node0"},
     "listed twice"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 latency=5"},
     "latency: needs a unit"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 latncy=5us"},
     "unknown option 'latncy'; did you mean 'latency'?"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 bandwidth=0B/s"},
     "a bandwidth is from 1B/s"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 sharing=fatpip"},
     "sharing is shared or fatpipe, not 'fatpip'; did you mean 'fatpipe'?"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 duplex=hal"},
     "duplex is full or half, not 'hal'; did you mean 'half'?"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 duplx=half"},
     "unknown option 'duplx'; did you mean 'duplex'?"},
    {{"cluster.topology=explicit", "nodes=2", "cluster.links=node0 node1 duplex=half duplex=full"},
     "given twice: duplex"},
    {{"cluster.topology=explicit", "nodes=2",
      "cluster.links=node0 node1 sharing=fatpipe duplex=half"},
     "duplex=half shares what sharing=fatpipe does not"},
};

static void bad_clusters_are_refused(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct errors errors = {0};
        struct cluster *cluster = fixture_cluster(bad[i].words, &errors);
        CHECK(cluster == NULL);
        CHECK(fixture_says(&errors, bad[i].says));
        cluster_free(cluster);
        errors_release(&errors);
    }
}

SUITE("cluster: clusters", TEST(devices), TEST(shipped_files_are_good), TEST(files_are_overridden),
      TEST(folders_can_be_chosen), TEST(bad_clusters_are_refused));
