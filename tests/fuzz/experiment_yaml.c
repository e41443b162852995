/* An experiment's file: libyaml's tree into settings, and the points of its sweeps. */
#include "tests/fuzz/fuzz.h"

#include "threadrack/cluster/cluster.h"
#include "threadrack/experiment/experiment.h"

static void try_bytes(const uint8_t *bytes, size_t length)
{
    char path[64];
    int file = fuzz_file(bytes, length, path);
    const struct setting *tables[] = {experiment_settings, cluster_settings};
    struct config *config = config_create(tables, 2);
    struct errors errors = {0};
    if (config_read(config, path, "", SOURCE_EXPERIMENT, &errors) &&
        config_point_count(config, false, &errors) > 0)
        config_free(config_point(config, 0, false));
    config_free(config);
    errors_release(&errors);
    close(file);
}

FUZZ_TARGET(experiment_yaml, try_bytes);
