/* A cluster's own file, up to the routes of what it describes. */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/routes.h"

/* More than a few nodes would only make it slow. */
enum { MOST_NODES = 64 };

static void try_cluster(const struct config *config, struct errors *errors)
{
    uint64_t nodes = config_whole(config, "nodes");
    if (nodes > MOST_NODES)
        return;
    struct cluster *cluster = cluster_create(config, (int)nodes, errors);
    if (!cluster)
        return;
    fuzz_routes(cluster, MOST_NODES);
    cluster_free(cluster);
}

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64];
    int file = fuzz_file(bytes, length, path);
    const struct setting *tables[] = {cluster_settings};
    struct config *config = config_create(tables, 1);
    struct errors errors = {0};
    if (config_read(config, path, "cluster.", SOURCE_CLUSTER, &errors))
        try_cluster(config, &errors);
    config_free(config);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(cluster_yaml, try_bytes);
