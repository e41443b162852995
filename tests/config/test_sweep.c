#include "tests/config/fixture.h"

/* The values that a word gives to its key, joined by spaces. */
static void check_values(const char *word, const char *key, const char *expected)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    char found[256] = "";
    CHECK(config_set(config, word, &errors));
    errors_print(&errors, stderr);
    long count = config_point_count(config, false, &errors);
    for (long i = 0; i < count; i++) {
        struct config *point = config_point(config, i, false);
        size_t length = strlen(found);
        snprintf(found + length, sizeof found - length, "%s%s", i ? " " : "",
                 config_text(point, key));
        config_free(point);
    }
    CHECK_TEXT(found, expected);
    config_free(config);
}

static void words_split_into_values(void)
{
    check_values("nodes=3", "nodes", "3");
    check_values("nodes=1,2,4", "nodes", "1 2 4");
    check_values("nodes=1:64:x2", "nodes", "1 2 4 8 16 32 64");
    check_values("nodes=1:60:x2", "nodes", "1 2 4 8 16 32");
    check_values("nodes=2:8:+2", "nodes", "2 4 6 8");
    check_values("nodes=1:10:x1.5", "nodes", "1 2 3 5 8");
    check_values("nodes=1,4:6:+1,20", "nodes", "1 4 5 6 20");
    check_values("mesh.data=auto,2", "mesh.data", "auto 2");
    check_values("target=0.001:1:x10", "target", "0.001 0.01 0.1 1");
    check_values("target=0.1:0.5:+0.1", "target", "0.1 0.2 0.3 0.4 0.5");
    check_values("cluster.link.bandwidth=1Gbit/s:100Gbit/s:x10", "cluster.link.bandwidth",
                 "125MB/s 1.25GB/s 12.5GB/s");
    check_values("cluster.link.latency=500ns:2us:+500ns", "cluster.link.latency",
                 "500ns 1us 1.5us 2us");
    check_values("model=mlp:64-128-64-10:tanh,mlp:64-10", "model", "mlp:64-128-64-10:tanh mlp:64-10");
    check_values("optimizer=sgd:lr=0.1,momentum=0.9,adam:lr=0.1,sgd", "optimizer",
                 "sgd:lr=0.1,momentum=0.9 adam:lr=0.1 sgd");
    check_values("data=file:a,b,scale=2,digits,file:c", "data", "file:a,b,scale=2 digits file:c");
    check_values("cluster.file=ring,star", "cluster", "ring star");
}

static void the_last_key_turns_fastest(void)
{
    static const char *const order[] = {"data 1", "data 2", "data 3", "single 1", "single 2",
                                        "single 3"};
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(fixture_read(config, "strategy: [data, single]\n", "", SOURCE_EXPERIMENT, &errors));
    CHECK(config_set(config, "nodes=1,2,3", &errors));
    CHECK_EQUAL(config_swept_count(config), 2);
    CHECK_TEXT(config_swept_key(config, 0), "strategy");
    CHECK_TEXT(config_swept_key(config, 1), "nodes");
    CHECK_EQUAL(config_point_count(config, false, &errors), 6);
    for (int i = 0; i < 6; i++) {
        struct config *point = config_point(config, i, false);
        char text[64];
        snprintf(text, sizeof text, "%s %llu", config_text(point, "strategy"),
                 (unsigned long long)config_whole(point, "nodes"));
        CHECK_TEXT(text, order[i]);
        CHECK_EQUAL(config_swept_count(point), 0);
        config_free(point);
    }
    CHECK_EQUAL(config_point_count(config, true, &errors), -1);
    CHECK(fixture_says(&errors, "zipped lists must be equally long: strategy has 2 values, nodes"));
    errors_release(&errors);
    config_free(config);
}

static void zipped_lists_go_in_step(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(config_set(config, "strategy=data,single", &errors));
    CHECK(config_set(config, "nodes=8,1", &errors));
    CHECK_EQUAL(config_point_count(config, true, &errors), 2);
    struct config *point = config_point(config, 1, true);
    CHECK_TEXT(config_text(point, "strategy"), "single");
    CHECK_EQUAL(config_whole(point, "nodes"), 1);
    config_free(point);
    config_free(config);
}

static void too_many_points_are_refused(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(config_set(config, "nodes=1:10000:+1", &errors));
    CHECK(config_set(config, "mesh.data=1:10000:+1", &errors));
    CHECK_EQUAL(config_point_count(config, false, &errors), -1);
    CHECK(fixture_says(&errors, "more than 1000000 points"));
    errors_release(&errors);
    config_free(config);
}

static const struct {
    const char *word, *says;
} bad_words[] = {
    {"nodes", "'nodes': expected key=value; did you mean 'nodes'?"},
    {"=5", "unknown key ''"},
    {"node=5", "unknown key 'node'; did you mean 'nodes'?"},
    {"cluster.nodes=5", "unknown key 'cluster.nodes'"},
    {"nodes=", "command line: nodes=: is empty"},
    {"nodes=1,,2", "expected a value on either side of a comma"},
    {"nodes=0", "command line: nodes=0: is outside 1 to 1000000"},
    {"nodes=-1", "is outside 1 to"},
    {"nodes=1:4", "a range is from:to:xfactor"},
    {"nodes=1:4:2", "a range is from:to:xfactor"},
    {"nodes=1:4:x2:3", "a range is from:to:xfactor"},
    {"nodes=1:4:x1", "never end"},
    {"nodes=1:4:+0", "never end"},
    {"nodes=0:4:x2", "never end"},
    {"nodes=8:1:x2", "upwards"},
    {"nodes=1:999999:+1", "more than 100000 values"},
    {"nodes=0:2:+1", "nodes=0: is outside"},
    {"target=inf", "a number"},
    {"strategy=dat", "expected single, data or tensor; did you mean 'data'?"},
    {"mesh.data=aut", "a whole number such as 12, or auto; did you mean 'auto'?"},
    {"cluster.link.latency=5us:1:+1us", "needs a unit"},
    {"cluster.link.bandwidth=10Gbps", "bits or bytes"},
    {"model=a\nb", "control character"},
};

static void bad_words_are_refused(void)
{
    for (size_t i = 0; i < sizeof bad_words / sizeof *bad_words; i++) {
        struct errors errors = {0};
        struct config *config = fixture_config();
        CHECK(!config_set(config, bad_words[i].word, &errors));
        CHECK_EQUAL(errors.count, 1);
        CHECK(fixture_says(&errors, bad_words[i].says));
        errors_release(&errors);
        config_free(config);
    }
}

static void a_key_is_given_once(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(config_set(config, "nodes=1", &errors));
    CHECK(!config_set(config, "nodes=2", &errors));
    CHECK(fixture_says(&errors, "nodes=2: nodes is given twice; first at command line: nodes=1"));
    errors_release(&errors);
    config_free(config);
}

static void append(void *context, const struct setting *setting, const char *text,
                   enum source source)
{
    size_t length = strlen(context);
    snprintf((char *)context + length, 512 - length, "%s=%s/%d ", setting->key, text, (int)source);
}

static void every_value_is_visited(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    char found[512] = "";
    CHECK(config_set(config, "cluster.links=node0 switch0,node1 switch0 latency=1us", &errors));
    CHECK_EQUAL(config_list_count(config, "cluster.links"), 2);
    CHECK_EQUAL(config_swept_count(config), 0);
    config_each(config, append, found);
    CHECK_TEXT(found, "nodes=1/0 model=mlp:64-10/0 strategy=single/0 data=digits/0 "
                      "data.order=shuffled/0 mesh.data=auto/0 clip=off/0 "
                      "cluster.link.bandwidth=10Gbit/s/0 cluster.link.latency=5us/0 "
                      "cluster.links=node0 switch0,node1 switch0 latency=1us/3 ");
    config_free(config);
}

SUITE("config: command line and sweeps", TEST(words_split_into_values),
      TEST(the_last_key_turns_fastest), TEST(zipped_lists_go_in_step),
      TEST(too_many_points_are_refused), TEST(bad_words_are_refused), TEST(a_key_is_given_once),
      TEST(every_value_is_visited));
