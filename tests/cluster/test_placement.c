/* The contract of the family: every member makes a permutation, and all that is asked for by rank follows it. */
#include "tests/cluster/fixture.h"

#include "threadrack/cluster/placement.h"

#include <unistd.h>

static struct cluster *boxes(void)
{
    struct errors errors;
    errors_init(&errors);
    struct cluster *cluster =
        fixture_cluster(WORDS("nodes=12", "cluster.topology=two_level", "cluster.box.size=4",
                              "cluster.slow.nodes=1@0.5+6@0.25"), &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(cluster != NULL);
    return cluster;
}

/* What is said; NULL: nothing was wrong. */
static bool is_refused(const char *words, int ranks, const char *said)
{
    struct errors errors;
    errors_init(&errors);
    struct cluster *cluster = boxes();
    bool good = placement_apply(cluster, words, ranks, 1, "placement", &errors);
    bool as_said = said ? !good && errors.count == 1 && fixture_says(&errors, said) : good;
    cluster_free(cluster);
    errors_release(&errors);
    return as_said;
}

static void write_places(char *path, const char *text)
{
    FILE *file = fdopen(mkstemp(path), "w");
    CHECK_FATAL(file != NULL);
    fputs(text, file);
    fclose(file);
}

static bool routes_are_of_nodes(const struct cluster *cluster, const struct cluster *plain)
{
    int was[64], should[64];
    bool good = true;
    for (int src = 0; src < 12; src++)
        for (int dst = 0; dst < 12; dst++) {
            int a = cluster_node_of(cluster, src), b = cluster_node_of(cluster, dst);
            int count = cluster_route(cluster, src, dst, was);
            good = good && count == cluster_route(plain, a, b, should) &&
                   !memcmp(was, should, (size_t)count * sizeof *was) &&
                   cluster_path(cluster, src, dst).latency_ps == cluster_path(plain, a, b).latency_ps;
        }
    return good;
}

static void places_all(const char *words, int ranks)
{
    struct errors errors;
    errors_init(&errors);
    struct cluster *cluster = boxes(), *plain = boxes();
    CHECK(placement_apply(cluster, words, ranks, 7, "placement", &errors));
    errors_print(&errors, stderr);
    for (int rank = 0; rank < 12; rank++) {
        CHECK_EQUAL(cluster_rank_on(cluster, cluster_node_of(cluster, rank)), rank);
        CHECK_NEAR(cluster->devices[rank].speed, plain->devices[cluster_node_of(cluster, rank)].speed, 0);
    }
    CHECK(routes_are_of_nodes(cluster, plain));
    cluster_free(cluster);
    cluster_free(plain);
    errors_release(&errors);
}

/* Those that take a list get one. */
static void every_member_places_every_rank(void)
{
    char path[] = "/tmp/threadrack-places-XXXXXX", file[64];
    write_places(path, "# the other way round\n7\n6 # a comment\n\n5\n4\n3\n2\n1\n0\n");
    snprintf(file, sizeof file, "file:%s", path);
    for (int i = 0; placements[i]; i++) {
        const char *name = placements[i]->name;
        CHECK(*placements[i]->summary);
        places_all(!strcmp(name, "list") ? "list:8:11+0+2:4" : !strcmp(name, "file") ? file : name, 8);
    }
    places_all("round_robin:box=5", 12);
    places_all("random:seed=3", 3);
    unlink(path);
}

static void round_robin_goes_from_box_to_box(void)
{
    struct errors errors;
    errors_init(&errors);
    struct cluster *cluster = boxes();
    CHECK(placement_apply(cluster, "round_robin", 12, 1, "placement", &errors));
    for (int rank = 0; rank < 12; rank++)
        CHECK_EQUAL(cluster_node_of(cluster, rank), rank % 3 * 4 + rank / 3);
    cluster_free(cluster);
}

static void what_does_not_fit_is_refused(void)
{
    char path[] = "/tmp/threadrack-places-XXXXXX", file[64];
    write_places(path, "0\n1\ntwo\n");
    snprintf(file, sizeof file, "file:%s", path);
    CHECK(is_refused("list:0:3", 4, NULL));
    CHECK(is_refused("list:0:3+3", 5, "node 3 is given twice"));
    CHECK(is_refused("list:0:3", 3, "there are more nodes than the 3 ranks of this run"));
    CHECK(is_refused("list:0:3", 5, "'list:0:3' gives 4 nodes, and the run has 5 ranks"));
    CHECK(is_refused("list:9:12", 4, "'9:12': expected nodes from 0 to 11"));
    CHECK(is_refused("list:3:1", 4, "'3:1': expected nodes"));
    CHECK(is_refused("list", 4, "expected nodes from 0 to 11 such as 5"));
    CHECK(is_refused("roundrobin", 4, "did you mean 'round_robin'?"));
    CHECK(is_refused("round_robin:box=0", 4, "expected no option, or box=N"));
    CHECK(is_refused("random:4", 4, "expected no option, or seed=N"));
    CHECK(is_refused("packed:box=4", 4, "packed takes no options"));
    CHECK(is_refused(file, 4, ":3:1: expected the number of a node from 0 to 11"));
    CHECK(is_refused("file:/nowhere/places", 4, "cannot open '/nowhere/places'"));
    unlink(path);
}

SUITE("cluster: placements", TEST(every_member_places_every_rank), TEST(round_robin_goes_from_box_to_box),
      TEST(what_does_not_fit_is_refused));
