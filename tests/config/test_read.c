#include "tests/config/fixture.h"

static void nested_keys_are_dotted(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(fixture_read(config,
                       "# a comment\n"
                       "strategy: data\n"
                       "mesh: {data: 4}\n"
                       "data: {name: csv, order: sequential}\n"
                       "cluster:\n"
                       "  file: ring\n"
                       "  nodes: 8\n"
                       "  link: {bandwidth: 1Gbit/s}\n"
                       "cluster.link.latency: 2us\n"
                       "clip: on\n",
                       "", SOURCE_EXPERIMENT, &errors));
    CHECK_EQUAL(config_choice(config, "strategy"), 1);
    CHECK_EQUAL(config_whole(config, "mesh.data"), 4);
    CHECK_TEXT(config_text(config, "data"), "csv");
    CHECK_TEXT(config_text(config, "data.order"), "sequential");
    CHECK_TEXT(config_text(config, "cluster"), "ring");
    CHECK_EQUAL(config_whole(config, "nodes"), 8);
    CHECK_EQUAL(config_whole(config, "cluster.link.bandwidth"), 125000000);
    CHECK_EQUAL(config_whole(config, "cluster.link.latency"), 2000000);
    CHECK(config_on(config, "clip"));
    CHECK(strstr(config_where(config, "cluster"), ".yaml:6:9") != NULL);
    CHECK(!config_is_set(config, "optimizer") && !config_is_given(config, "model"));
    CHECK_TEXT(config_where(config, "model"), "default");
    config_free(config);
}

static void later_sources_override_earlier_ones(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(config_set(config, "nodes=5", &errors));
    CHECK(fixture_read(config, "nodes: 3\nlink: {latency: 3us, bandwidth: 3GB/s}\nname: here\n",
                       "cluster.", SOURCE_CLUSTER, &errors));
    CHECK(fixture_read(config, "nodes: 4\ncluster.link.latency: 4us\n", "", SOURCE_EXPERIMENT,
                       &errors));
    CHECK_EQUAL(config_whole(config, "nodes"), 5);
    CHECK_EQUAL(config_whole(config, "cluster.link.latency"), 4000000);
    CHECK_EQUAL(config_whole(config, "cluster.link.bandwidth"), 3000000000);
    CHECK_TEXT(config_text(config, "cluster.name"), "here");
    CHECK_EQUAL(config_source(config, "cluster.link.latency"), SOURCE_EXPERIMENT);
    CHECK_TEXT(config_where(config, "nodes"), "command line: nodes=5");
    config_free(config);
}

static void all_errors_come_at_once(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(!fixture_read(config, "stratgy: data\nnodes: 0\ncluster: {link: {latency: 5}}\nclip: of\n",
                        "", SOURCE_EXPERIMENT, &errors));
    CHECK_EQUAL(errors.count, 4);
    CHECK(fixture_says(&errors, ".yaml:1:1: unknown key 'stratgy'; did you mean 'strategy'?"));
    CHECK(fixture_says(&errors, ".yaml:2:8: nodes: '0': is outside 1 to 1000000"));
    CHECK(fixture_says(&errors, ".yaml:3:27: cluster.link.latency: '5': needs a unit"));
    CHECK(fixture_says(&errors, ".yaml:4:7: clip: 'of': expected on or off; did you mean 'o"));
    errors_release(&errors);
    config_free(config);
}

#define TEN "[[[[[[[[[["
static const struct {
    const char *text, *says;
} bad_files[] = {
    {"", "the file is empty"},
    {"# nothing\n", "the file is empty"},
    {"---\n", "the file is empty"},
    {"nodes: 1\n---\nnodes: 2\n", "a second document begins"},
    {"hello\n", "expected a mapping"},
    {"[1, 2]\n", "expected a mapping"},
    {"nodes: 1\nnodes: 2\n", ":2:1: the key 'nodes' is given twice; first at"},
    {"mesh: {data: 1}\nmesh.data: 2\n", "mesh.data is given twice; first at"},
    {"nodes: &a 1\n", "anchors"},
    {"nodes: *a\n", "aliases"},
    {"nodes: !!int 1\n", "tags"},
    {"? [a, b]\n: 1\n", "a key must be a word"},
    {"nodes: {a: 1}\n", "unknown key 'nodes.a'"},
    {"mesh: 4\n", "mesh: expected a mapping"},
    {"mesh: [4]\n", "mesh: expected a mapping"},
    {"nodes:\n", "nodes: has no value"},
    {"nodes: ~\n", "nodes: has no value"},
    {"model: ''\n", "model: '': is empty"},
    {"nodes: []\n", "the list is empty"},
    {"nodes: [1, [2]]\n", "expected one value here"},
    {"nodes: [1\n", "not YAML"},
    {"\tnodes: 1\n", "not YAML"},
    {"model: \"a\\0b\"\n", "a zero byte"},
    {"model: \"a\\x07b\"\n", "control character"},
    {"nodes: 1\nmodel: \xff\xfe\n", ":2:8: not UTF-8"},
    {"model: " TEN TEN TEN "\n", "nested too deep"},
    {"nodes: 1:8:x2\n", "whole number"},
    {"nodes: 1000000000\n", "is outside 1 to 1000000"},
    {"target: nan\n", "a number"},
    {"target: 1.5\n", "is outside 0 to 1"},
    {"cluster: {bandwith: 1Gbit/s}\n", "unknown key 'cluster.bandwith'"},
    {"<<: {nodes: 1}\n", "unknown key '<<'"},
};

static void bad_files_are_refused(void)
{
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        struct errors errors = {0};
        struct config *config = fixture_config();
        CHECK(!fixture_read(config, bad_files[i].text, "", SOURCE_EXPERIMENT, &errors));
        CHECK(fixture_says(&errors, bad_files[i].says));
        errors_release(&errors);
        config_free(config);
    }
}

static void what_is_no_file_is_refused(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(!config_read(config, "/nowhere/x.yaml", "", SOURCE_EXPERIMENT, &errors));
    CHECK(!config_read(config, "/tmp", "", SOURCE_EXPERIMENT, &errors));
    CHECK(!config_read(config, "/dev/zero", "", SOURCE_EXPERIMENT, &errors));
    CHECK_EQUAL(errors.count, 3);
    CHECK(fixture_says(&errors, "/nowhere/x.yaml: cannot open: No such file"));
    CHECK(fixture_says(&errors, "/tmp: is a directory"));
    CHECK(fixture_says(&errors, "/dev/zero: is larger than"));
    errors_release(&errors);
    config_free(config);
}

static void a_cluster_file_is_one_cluster(void)
{
    struct errors errors = {0};
    struct config *config = fixture_config();
    CHECK(!fixture_read(config, "nodes: [1, 2]\nfile: other\nlinks: [a b, b c]\n", "cluster.",
                        SOURCE_CLUSTER, &errors));
    CHECK_EQUAL(errors.count, 2);
    CHECK(fixture_says(&errors, "a cluster file has one value"));
    CHECK(fixture_says(&errors, "unknown key 'cluster.file'"));
    CHECK_EQUAL(config_list_count(config, "cluster.links"), 2);
    CHECK_TEXT(config_list_item(config, "cluster.links", 1), "b c");
    CHECK(strstr(config_list_where(config, "cluster.links", 1), ":3:14") != NULL);
    errors_release(&errors);
    config_free(config);
}

SUITE("config: files", TEST(nested_keys_are_dotted), TEST(later_sources_override_earlier_ones),
      TEST(all_errors_come_at_once), TEST(bad_files_are_refused), TEST(what_is_no_file_is_refused),
      TEST(a_cluster_file_is_one_cluster));
