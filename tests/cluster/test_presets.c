/* Every shipped cluster of a real machine is built at its own size, and has its bisection and routes. */
#include "tests/cluster/fixture.h"

#include "threadrack/cluster/device.h"
#include "threadrack/cluster/survey.h"

static const struct {
    const char *name, *topology;
    int nodes, vertices;
    uint64_t bisection_Bps; /* by hand: see the comments */
    enum bisection_how how;
    int far, far_hops; /* from node 0 */
    uint64_t far_ps;
} presets[] = {
    /* 8 leaves of 20 Gbit/s up. */
    {"campus", "leaf_spine", 768, 786, 20000000000, BISECTION_FORMULA, 767, 4, 60000000},
    /* 80 devices of 25 GB/s. */
    {"dgx-a100-pod", "rail_optimized", 160, 188, 2000000000000, BISECTION_FORMULA, 159, 4, 6000000},
    {"selene", "rail_optimized", 2240, 2792, 28000000000000, BISECTION_FORMULA, 2239, 6, 10000000},
    /* 508 and 508 devices: 63.5 boxes; the box in the middle gives its smaller half, 4 x 50 GB/s,
     * besides 63 x 8, and its fabric as much again at most: 68 x 8 x 50. */
    {"dgx-h100-superpod", "rail_optimized", 1016, 1312, 27200000000000, BISECTION_CUT, 1015, 6,
     10000000},
    /* 4 pods x 16 cluster switches x 27 cables x 50 GB/s. */
    {"meta-24k-roce", "multi_level", 24576, 29744, 86400000000000, BISECTION_FORMULA, 24575, 6,
     12000000},
    /* 2 x 64 rings x 50 GB/s. */
    {"tpu-v4-slice", "torus", 512, 512, 6400000000000, BISECTION_FORMULA, 292, 12, 12000000},
    /* Two lines of 1 Gbit/s. */
    {"federation-8-sites", "explicit", 32, 40, 250000000, BISECTION_CUT, 4, 3, 2410000000},
};

static void machines_are_as_their_files_say(void)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        struct errors errors = {0};
        char word[64];
        snprintf(word, sizeof word, "cluster=%s", presets[i].name);
        struct cluster *cluster = fixture_cluster(WORDS(word), &errors);
        errors_print(&errors, stderr);
        CHECK_FATAL(cluster != NULL);
        struct survey survey;
        survey_take(cluster, &survey);
        int links[64];
        CHECK_TEXT(cluster->topology->name, presets[i].topology);
        CHECK_EQUAL(cluster->nodes, presets[i].nodes);
        CHECK_EQUAL(cluster->vertices, presets[i].vertices);
        CHECK_EQUAL(survey.bisection_Bps, presets[i].bisection_Bps);
        CHECK_EQUAL(survey.bisection, presets[i].how);
        CHECK_EQUAL(cluster_route(cluster, 0, presets[i].far, links), presets[i].far_hops);
        CHECK_EQUAL(cluster_path(cluster, 0, presets[i].far).latency_ps, presets[i].far_ps);
        survey_release(&survey);
        cluster_free(cluster);
    }
}

static const struct {
    const char *words[6];
    uint64_t flops, memory_bandwidth_Bps, memory_bytes;
} devices[] = {
    {{"cluster.device=a100"}, 156000000000000, 2039000000000, 85899345920},
    {{"cluster.device=a100", "cluster.device.precision=fp32", "cluster.device.efficiency=1"},
     19500000000000, 2039000000000, 85899345920},
    {{"cluster.device=v100"}, 62500000000000, 900000000000, 34359738368},
    {{"cluster.device=h100", "cluster.device.memory=1GiB"}, 494700000000000, 3350000000000, 1073741824},
    /* The file's own numbers give way to a preset from the command line. */
    {{"cluster=ethernet-10g", "cluster.device=tpu_v4"}, 137500000000000, 1200000000000, 34359738368},
    {{"cluster=meta-24k-roce", "nodes=8", "cluster.device.flops=1Gflop/s"}, 1000000000, 3350000000000,
     85899345920},
};

static void devices_set_their_numbers(void)
{
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        struct errors errors = {0};
        struct cluster *cluster = fixture_cluster(devices[i].words, &errors);
        errors_print(&errors, stderr);
        CHECK_FATAL(cluster != NULL);
        CHECK_EQUAL(cluster->devices[0].flops, devices[i].flops);
        CHECK_EQUAL(cluster->devices[0].memory_bandwidth_Bps, devices[i].memory_bandwidth_Bps);
        CHECK_EQUAL(cluster->devices[0].memory_bytes, devices[i].memory_bytes);
        cluster_free(cluster);
    }
}

SUITE("cluster: presets", TEST(machines_are_as_their_files_say), TEST(devices_set_their_numbers));
