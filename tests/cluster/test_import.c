/* Imported platforms have SimGrid's routes, link by link: the .routes beside each file were printed by
 * SimGrid 3.32 (import/simgrid_routes.cpp). What is not understood is said. */
#include "tests/cluster/fixture.h"

#include "src/cluster/import/import.h"

#include <unistd.h>

enum { MOST_LINKS = 1000 };

struct comparison {
    struct platform *platform;
    int ours[MOST_LINKS];   /* of each of SimGrid's links, or -1 */
    int theirs[MOST_LINKS]; /* of each of ours, or -1 */
    double bandwidth[MOST_LINKS], latency[MOST_LINKS];
    int policy[MOST_LINKS]; /* SimGrid's: 0 fat pipe, 1 shared */
    int pairs, wrong;
};

static bool same_link(struct comparison *c, int theirs, int ours)
{
    const struct link *link = &c->platform->links[ours];
    if (c->ours[theirs] < 0 && c->theirs[ours] < 0) {
        c->ours[theirs] = ours;
        c->theirs[ours] = theirs;
    }
    return c->ours[theirs] == ours && c->theirs[ours] == theirs &&
           (double)link->bandwidth_Bps == c->bandwidth[theirs] &&
           fabs((double)link->latency_ps * 1e-12 - c->latency[theirs]) < 1e-12 &&
           link->fatpipe == (c->policy[theirs] == 0);
}

static bool same_route(struct comparison *c, const char *line)
{
    char from[64], to[64];
    int links[64], read = 0, theirs, step;
    struct trail trail = {links, 0, 64};
    if (sscanf(line, "%63s %63s%n", from, to, &read) != 2)
        return false;
    const struct point *src = platform_find_point(c->platform, from);
    const struct point *dst = platform_find_point(c->platform, to);
    if (!src || !dst || !platform_route(src, dst, &trail))
        return false;
    int count = 0;
    for (line += read; sscanf(line, "%d%n", &theirs, &step) == 1; line += step, count++)
        if (count >= trail.count || !same_link(c, theirs, links[count]))
            return false;
    return count == trail.count;
}

static void compare(struct comparison *c, FILE *routes)
{
    char line[1024];
    int n;
    memset(c->ours, -1, sizeof c->ours);
    memset(c->theirs, -1, sizeof c->theirs);
    while (fgets(line, sizeof line, routes)) {
        if (sscanf(line, "link %d", &n) == 1) {
            CHECK(sscanf(line, "link %*d %lf %lf %d", &c->bandwidth[n], &c->latency[n],
                         &c->policy[n]) == 3);
            continue;
        }
        bool same = same_route(c, line);
        if (!same && c->wrong++ == 0)
            fprintf(stderr, "\nnot SimGrid's route: %s", line);
        c->pairs++;
    }
}

static void routes_are_simgrids(void)
{
    static const struct {
        const char *name;
        int hosts;
    } files[] = {{"torus", 24}, {"fat_tree", 16}, {"dragonfly", 24}, {"dragonfly_split", 24},
                 {"zones", 10}, {"floyd", 8},     {"dijkstra", 8}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        static struct comparison c;
        char path[128];
        struct errors errors = {0};
        struct remarks remarks = {0};
        snprintf(path, sizeof path, "tests/cluster/import/%s.xml", files[i].name);
        c = (struct comparison){.platform = simgrid_load(path, &remarks, &errors)};
        errors_print(&errors, stderr);
        snprintf(path, sizeof path, "tests/cluster/import/%s.routes", files[i].name);
        FILE *routes = fopen(path, "r");
        CHECK_FATAL(c.platform && routes && c.platform->link_count <= MOST_LINKS);
        compare(&c, routes);
        CHECK_EQUAL(c.pairs, files[i].hosts * (files[i].hosts - 1));
        CHECK_EQUAL(c.wrong, 0);
        fclose(routes);
        platform_free(c.platform);
        remarks_release(&remarks);
    }
}

static void as_a_cluster(void)
{
    struct errors errors = {0};
    struct cluster *cluster =
        fixture_cluster(WORDS("cluster=tests/cluster/import/zones.xml"), &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(cluster != NULL);
    int links[64], count = cluster_route(cluster, 0, 5, links);
    CHECK_EQUAL(cluster->nodes, 10);
    CHECK_TEXT(cluster->name, "zones");
    CHECK_EQUAL(cluster->devices[6].flops, 3000000000);
    CHECK_EQUAL(count, 4);
    CHECK_TEXT(cluster_link_name(cluster, links[0]), "c_link_0_UP");
    CHECK_TEXT(cluster_link_name(cluster, links[3]), "e");
    CHECK(cluster->links[links[3]].fatpipe && cluster->links[links[2]].half_duplex);
    CHECK_EQUAL(cluster_path(cluster, 0, 5).latency_ps, 11120000000);
    CHECK_EQUAL(cluster_path(cluster, 0, 5).bandwidth_Bps, 5000000);
    CHECK(count <= cluster_route_room(cluster));
    cluster_free(cluster);
    CHECK(!fixture_cluster(WORDS("cluster=tests/cluster/import/zones.xml", "nodes=11"), &errors));
    CHECK(fixture_says(&errors, "has 10 hosts, not 11"));
    errors_release(&errors);
    CHECK(!fixture_cluster(WORDS("cluster=tests/cluster/import/zones.xml",
                                 "cluster.link.latency=1us"), &errors));
    CHECK(fixture_says(&errors, "cluster.link.latency has no effect"));
    errors_release(&errors);
}

static void quantities(void)
{
    uint64_t value;
    double speed;
    CHECK(simgrid_bandwidth("1Gbps", &value) && value == 125000000);
    CHECK(simgrid_bandwidth("1GBps", &value) && value == 1000000000);
    CHECK(simgrid_bandwidth("8Kibps", &value) && value == 1024);
    CHECK(simgrid_bandwidth("12.5MiBps", &value) && value == 13107200);
    CHECK(!simgrid_bandwidth("1GB/s", &value) && !simgrid_bandwidth("-1MBps", &value));
    CHECK(simgrid_time("50us", &value) && value == 50000000);
    CHECK(simgrid_time("0.5", &value) && value == 500000000000);
    CHECK(!simgrid_time("5 us", &value) && !simgrid_time("nan", &value));
    CHECK(simgrid_speed("1.5Gf", &speed) && speed == 1.5e9);
    CHECK(simgrid_speed("2megaflops", &speed) && speed == 2e6);
}

/* Each in a platform of two hosts: what is put into its zone, and what is said. */
static void bad_words_are_said(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"<lnik id='x' bandwidth='1GBps'/>", ":3: <lnik>: the element 'lnik' is not understood; did"},
        {"<link id='x' bandwidth='1GBps' latncy='1us'/>", "the attribute 'latncy' is not"},
        {"<link id='x' latency='1us'/>", "expected the attribute bandwidth"},
        {"<link id='x' bandwidth='1GB' latency='1us'/>", "expected one bandwidth"},
        {"<link id='x' bandwidth='1GBps' sharing_policy='WIFI'/>", "'WIFI' is not modelled"},
        {"<link id='x' bandwidth='1GBps' bandwidth_file='f'/>", "changes in time is not modelled"},
        {"<link id='l' bandwidth='1GBps'/>", "the link 'l' is there already"},
        {"<host id='a' speed='1Gf'/>", "the name 'a' is taken"},
        {"<peer id='p' speed='1Gf' bw_in='1' bw_out='1'/>", "peers and Vivaldi"},
        {"<zone id='y' routing='Vivaldi'/>", "'Vivaldi' is not modelled"},
        {"<host id='c' speed='1Gf'/>", "there is no route from host 'a' to 'c'"},
        {"<cluster id='c' prefix='c' suffix='' radical='0' speed='1f' bw='1' lat='0'/>",
         "holds hosts or routers besides zones"},
        {"<trace id='t' periodicity='1'/>", "not modelled"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors errors = {0};
        struct remarks remarks = {0};
        char path[64];
        snprintf(path, sizeof path, "/tmp/threadrack-import-%d.xml", (int)getpid());
        FILE *file = fopen(path, "w");
        CHECK_FATAL(file != NULL);
        fprintf(file, "<platform version='4.1'><zone id='z' routing='Full'>\n"
                      "<host id='a' speed='1Gf'/><host id='b' speed='1Gf'/>"
                      "<link id='l' bandwidth='1GBps'/>\n%s\n"
                      "<route src='a' dst='b'><link_ctn id='l'/></route></zone></platform>",
                cases[i].text);
        fclose(file);
        CHECK(!simgrid_load(path, &remarks, &errors));
        CHECK(fixture_says(&errors, cases[i].says));
        unlink(path);
        errors_release(&errors);
        remarks_release(&remarks);
    }
}

/* A message's time in ASTRA-sim's congestion-unaware backend, when both ends differ in one dimension
 * (MultiDimTopology::send): hops x latency + bytes / bandwidth. From place a to b of dimension d. */
static int astra_hops(int d, int a, int b)
{
    int around = (b - a + 4) % 4;
    return d == 0 ? (around < 4 - around ? around : 4 - around) : d == 1 ? 1 : 2;
}

static void astra_is_its_product(void)
{
    static const int sizes[] = {4, 2, 3}, strides[] = {1, 4, 8};
    static const uint64_t latency_ps[] = {50000, 20500, 500000};
    static const uint64_t bandwidth[] = {214748364800, 107374182400, 53687091200};
    struct errors errors = {0};
    struct cluster *cluster =
        fixture_cluster(WORDS("cluster=tests/cluster/import/astra.yml"), &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(cluster != NULL);
    CHECK_EQUAL(cluster->nodes, 24);
    CHECK_EQUAL(cluster->note_count, 3);
    for (int src = 0; src < 24; src++)
        for (int d = 0; d < 3; d++)
            for (int b = 0; b < sizes[d]; b++) {
                int a = src / strides[d] % sizes[d];
                if (a == b)
                    continue;
                struct path path = cluster_path(cluster, src, src + (b - a) * strides[d]);
                CHECK_EQUAL(path.latency_ps, latency_ps[d] * (uint64_t)astra_hops(d, a, b));
                CHECK_EQUAL(path.bandwidth_Bps, bandwidth[d]);
            }
    cluster_free(cluster);
    cluster = fixture_cluster(WORDS("cluster=tests/cluster/import/astra.yml", "cluster.format=astra",
                                    "cluster.astra.gigabyte=decimal"), &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(cluster != NULL);
    CHECK_EQUAL(cluster_path(cluster, 0, 8).bandwidth_Bps, 50000000000);
    CHECK(strstr(cluster->notes[2], "10^9 bytes") != NULL);
    cluster_free(cluster);
}

static void astra_system_is_noted(void)
{
    struct errors errors = {0};
    const char *file = "cluster.astra.system=tests/cluster/import/astra_system.json";
    struct cluster *cluster =
        fixture_cluster(WORDS("cluster=tests/cluster/import/astra.yml", file), &errors);
    errors_print(&errors, stderr);
    CHECK_FATAL(cluster != NULL && cluster->note_count == 7);
    CHECK(strstr(cluster->notes[3], "astra_system.json:2: scheduling-policy is not modelled") != NULL);
    CHECK(strstr(cluster->notes[5], ".json:4: all-reduce-implementation: 'oneRing' is allreduce=ring") != NULL);
    CHECK(strstr(cluster->notes[6], ".json:5: all-gather-implementation is not modelled") != NULL);
    cluster_free(cluster);
}

/* The value of all-reduce-implementation, and what the note says of it. */
static void astra_allreduce_is_named(void)
{
    static const struct {
        const char *value, *says;
    } cases[] = {
        {"[\"ring\"]", "'ring' is allreduce=ring"},
        {"\"halvingDoubling\"", "'halvingDoubling' is allreduce=halving_doubling"},
        {"[\"oneHalvingDoubling\", \"oneHalvingDoubling\"]", "is allreduce=halving_doubling"},
        {"[\"ring\", \"ring\"]", "an algorithm for each dimension is not modelled"},
        {"[\"direct\"]", "'direct' is not modelled"},
        {"[]", "'' is not modelled"},
        {"{\"a\": 1}", "'' is not modelled"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors errors = {0};
        char path[64], word[128];
        snprintf(path, sizeof path, "/tmp/threadrack-astra-%d.json", (int)getpid());
        snprintf(word, sizeof word, "cluster.astra.system=%s", path);
        FILE *file = fopen(path, "w");
        CHECK_FATAL(file != NULL);
        fprintf(file, "{\n\"all-reduce-implementation\": %s\n}", cases[i].value);
        fclose(file);
        struct cluster *cluster =
            fixture_cluster(WORDS("cluster=tests/cluster/import/astra.yml", word), &errors);
        unlink(path);
        CHECK_FATAL(cluster != NULL && cluster->note_count == 4);
        CHECK(strstr(cluster->notes[3], cases[i].says) != NULL);
        cluster_free(cluster);
    }
}

static void wrong_words_beside_astra(void)
{
    static const struct {
        const char *file, *word, *says;
    } cases[] = {
        {"cluster=tests/cluster/import/astra.yml", "nodes=25", "nodes is at most 24, not 25"},
        {"cluster=tests/cluster/import/astra.yml", "cluster.link.latency=1us", "has no effect"},
        {"cluster=tests/cluster/import/astra.yml", "cluster.astra.system=tests/none.json",
         "tests/none.json: cannot open"},
        {"cluster=tests/cluster/import/astra.yml", "cluster.astra.system=tests/fuzz/corpus/words/pairs",
         "tests/fuzz/corpus/words/pairs"},
        {"cluster=ring", "cluster.astra.system=x.json", "has no effect"},
        {"cluster=ring", "cluster.astra.gigabyte=decimal", "has no effect"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors errors = {0};
        CHECK(!fixture_cluster(WORDS(cases[i].file, cases[i].word), &errors));
        CHECK(fixture_says(&errors, cases[i].says));
        errors_release(&errors);
    }
}

SUITE("cluster: import", TEST(astra_is_its_product), TEST(astra_system_is_noted),
      TEST(astra_allreduce_is_named),
      TEST(wrong_words_beside_astra),
      TEST(routes_are_simgrids), TEST(as_a_cluster), TEST(quantities),
      TEST(bad_words_are_said));
