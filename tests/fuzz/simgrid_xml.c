/* A SimGrid platform, up to the routes of its first hosts. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/routes.h"

enum { MOST_NODES = 40 };

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64], word[80];
    int file = fuzz_file(bytes, length, path);
    const struct setting *tables[] = {cluster_settings};
    struct config *config = config_create(tables, 1);
    struct errors errors = {0};
    snprintf(word, sizeof word, "cluster=%s", path);
    config_set(config, "cluster.format=simgrid", &errors);
    config_set(config, word, &errors);
    struct cluster *cluster = NULL;
    if (cluster_read(config, &errors))
        cluster = cluster_create(config, (int)config_whole(config, "nodes"), &errors);
    if (cluster)
        fuzz_routes(cluster, MOST_NODES);
    cluster_free(cluster);
    config_free(config);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(simgrid_xml, try_bytes);
