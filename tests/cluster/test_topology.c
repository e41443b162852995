/* The contract of the family: loops over the table, so a new row is tested as soon as it exists. */
#include "tests/cluster/fixture.h"

/* The route is a chain of links from src to dst without a vertex twice, and the path its sums. */
static bool route_is_good(const struct cluster *cluster, int src, int dst, int *links)
{
    int count = cluster_route(cluster, src, dst, links), at = src;
    struct path path = cluster_path(cluster, src, dst);
    struct path sum = {.bandwidth_Bps = UINT64_MAX};
    bool good = count <= cluster_route_room(cluster) && (count > 0 || src == dst);
    for (int i = 0; i < count && good; i++) {
        good = links[i] >= 0 && links[i] < cluster->link_count &&
               cluster->links[links[i]].from == at;
        at = cluster->links[links[i]].to;
        for (int j = 0; j <= i; j++)
            good = good && cluster->links[links[j]].from != at;
        sum.latency_ps += cluster->links[links[i]].latency_ps;
        if (cluster->links[links[i]].bandwidth_Bps < sum.bandwidth_Bps)
            sum.bandwidth_Bps = cluster->links[links[i]].bandwidth_Bps;
    }
    return good && at == dst && sum.latency_ps == path.latency_ps &&
           sum.bandwidth_Bps == path.bandwidth_Bps;
}

static void every_route_joins_its_ends(void)
{
    static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 64, 100};
    for (int t = 0; topologies[t]; t++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct cluster *cluster = fixture_family(topologies[t], sizes[s]);
            CHECK_FATAL(cluster != NULL);
            int *links = malloc((size_t)cluster_route_room(cluster) * sizeof *links), bad = 0;
            for (int src = 0; src < sizes[s]; src++)
                for (int dst = 0; dst < sizes[s]; dst++)
                    bad += !route_is_good(cluster, src, dst, links);
            CHECK_EQUAL(bad, 0);
            free(links);
            cluster_free(cluster);
        }
}

static void every_link_has_its_vertices(void)
{
    for (int t = 0; topologies[t]; t++) {
        struct cluster *cluster = fixture_family(topologies[t], 20);
        for (int i = 0; i < cluster->link_count; i++) {
            const struct link *link = &cluster->links[i], *back = &cluster->links[i ^ 1];
            CHECK(link->from != link->to && link->from >= 0 && link->from < cluster->vertices);
            CHECK(link->from == back->to && link->to == back->from);
            CHECK(link->bandwidth_Bps > 0);
        }
        CHECK(*topologies[t]->summary != 0);
        cluster_free(cluster);
    }
}

static void large_clusters_need_no_table(void)
{
    static const char *const families[] = {"star", "ring", "two_level"};
    int *links = malloc(50000 * sizeof *links);
    for (int t = 0; topologies[t]; t++)
        for (int f = 0; f < 3; f++) {
            if (strcmp(topologies[t]->name, families[f]))
                continue;
            struct cluster *cluster = fixture_family(topologies[t], 100000);
            CHECK_FATAL(cluster_route_room(cluster) <= 50000);
            CHECK(cluster->link_count <= 250000);
            /* In a ring of 100,000 the check for a vertex twice takes n^2: near pairs only. */
            CHECK(route_is_good(cluster, 0, 99999, links));
            CHECK(route_is_good(cluster, 99999, 1000, links));
            CHECK(cluster_route(cluster, 0, 50000, links) <= 50000);
            cluster_free(cluster);
        }
    free(links);
}

/* Whether src and dst are joined by exactly these vertices, as "node0 switch0 node1". */
static void check_via(const struct cluster *cluster, int src, int dst, const char *expected)
{
    int links[64];
    char found[256];
    int count = cluster_route(cluster, src, dst, links);
    int length = snprintf(found, sizeof found, "%s", cluster_vertex_name(cluster, src));
    for (int i = 0; i < count; i++)
        length += snprintf(found + length, sizeof found - (size_t)length, " %s",
                           cluster_vertex_name(cluster, cluster->links[links[i]].to));
    CHECK_TEXT(found, expected);
}

static void rings_take_the_shorter_way(void)
{
    struct errors errors = {0};
    struct cluster *ring = fixture_cluster(WORDS("cluster.topology=ring", "nodes=4"), &errors);
    check_via(ring, 0, 1, "node0 node1");
    check_via(ring, 0, 3, "node0 node3");
    check_via(ring, 0, 2, "node0 node1 node2");
    check_via(ring, 3, 1, "node3 node0 node1");
    CHECK_EQUAL(cluster_path(ring, 0, 2).latency_ps, 10000000);
    cluster_free(ring);
}

static void boxes_share_an_uplink(void)
{
    struct errors errors = {0};
    struct cluster *boxes = fixture_cluster(
        WORDS("cluster.topology=two_level", "nodes=20", "cluster.box.size=8"), &errors);
    check_via(boxes, 0, 7, "node0 switch0 node7");
    check_via(boxes, 7, 8, "node7 switch0 switch3 switch1 node8");
    check_via(boxes, 19, 0, "node19 switch2 switch3 switch0 node0");
    CHECK_EQUAL(cluster_path(boxes, 0, 7).bandwidth_Bps, 300000000000);
    CHECK_EQUAL(cluster_path(boxes, 0, 7).latency_ps, 2000000);
    CHECK_EQUAL(cluster_path(boxes, 0, 8).bandwidth_Bps, 1250000000);
    CHECK_EQUAL(cluster_path(boxes, 0, 8).latency_ps, 12000000);
    CHECK_EQUAL(boxes->places, 20);
    cluster_free(boxes);
}

/* The four corners of a square: both ways are as long, so the lower vertex decides, in whatever
 * order the cables are listed. Zero latencies leave it to the number of links. */
static void graphs_break_ties(void)
{
    struct errors errors = {0};
    struct cluster *a = fixture_cluster(
        WORDS("cluster.topology=explicit", "nodes=4",
              "cluster.links=node0 node1,node1 node3,node0 node2,node2 node3"), &errors);
    struct cluster *b = fixture_cluster(
        WORDS("cluster.topology=explicit", "nodes=4", "cluster.link.latency=0",
              "cluster.links=node3 node2,node2 node0,node3 node1,node1 node0,node3 switch0,"
              "switch0 switch1,switch1 node0"), &errors);
    errors_print(&errors, stderr);
    check_via(a, 0, 3, "node0 node1 node3");
    check_via(b, 0, 3, "node0 node1 node3");
    check_via(b, 3, 0, "node3 node1 node0");
    cluster_free(a);
    cluster_free(b);
}

SUITE("cluster: topologies", TEST(every_route_joins_its_ends), TEST(every_link_has_its_vertices),
      TEST(large_clusters_need_no_table), TEST(rings_take_the_shorter_way),
      TEST(boxes_share_an_uplink), TEST(graphs_break_ties));
