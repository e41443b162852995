#include "threadrack/cluster/cluster.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/topology.h"

#include <stdlib.h>
#include <string.h>

#define TOPOLOGY(name) extern const struct topology_ops topology_##name;
#include "topology.def"
#undef TOPOLOGY

#define TOPOLOGY(name) &topology_##name,
const struct topology_ops *const topologies[] = {
#include "topology.def"
    NULL};
#undef TOPOLOGY

static char *name_of(const struct config *config)
{
    const char *name = config_text(config, "cluster.name"), *file = config_text(config, "cluster");
    if (name || !file)
        return memory_text("%s", name ? name : "inline");
    const char *slash = strrchr(file, '/');
    char *base = memory_text("%s", slash ? slash + 1 : file);
    char *dot = strrchr(base, '.');
    if (dot && dot > base && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")))
        *dot = 0;
    return base;
}

static uint64_t add_rate(const struct config *config, uint64_t memory_bandwidth_Bps)
{
    enum { AUTO, FREE };
    switch (config_choice(config, "cluster.device.add_bandwidth")) {
    case AUTO:
        return memory_bandwidth_Bps / 3 ? memory_bandwidth_Bps / 3 : 1;
    case FREE:
        return 0;
    default:
        return config_whole(config, "cluster.device.add_bandwidth");
    }
}

static void make_devices(struct cluster *cluster, const struct config *config)
{
    struct device device = {
        .flops = config_whole(config, "cluster.device.flops"),
        .memory_bandwidth_Bps = config_whole(config, "cluster.device.memory_bandwidth"),
        .memory_bytes = config_whole(config, "cluster.device.memory"),
        .launch_ps = config_whole(config, "cluster.device.launch"),
        .speed = 1,
    };
    device.add_Bps = add_rate(config, device.memory_bandwidth_Bps);
    /* 0.29 * 100 is a little less than 29 in binary, and means 29. */
    int slow = (int)(config_real(config, "cluster.slow.fraction") * cluster->nodes + 1e-6);
    cluster->devices = memory_zeroed((size_t)cluster->nodes, sizeof *cluster->devices);
    for (int i = 0; i < cluster->nodes; i++) {
        cluster->devices[i] = device;
        if (i >= cluster->nodes - slow)
            cluster->devices[i].speed = config_real(config, "cluster.slow.speed");
    }
}

static bool has_option(const struct topology_ops *topology, const char *key)
{
    size_t length = strlen(key);
    for (const char *at = topology->options; (at = strstr(at, key)); at += length)
        if ((at == topology->options || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    return false;
}

/* A key of another topology is an error when it was given where this topology was chosen, or later.
 * One that came with the file whose topology was overridden is not. */
static bool check_effect(const struct cluster *cluster, const struct config *config,
                         struct errors *errors)
{
    bool good = true;
    for (const struct setting *setting = cluster_settings; setting->key; setting++) {
        bool of_some = false;
        for (int i = 0; topologies[i]; i++)
            of_some = of_some || has_option(topologies[i], setting->key);
        if (of_some && !has_option(cluster->topology, setting->key) &&
            config_is_given(config, setting->key) &&
            config_source(config, setting->key) >= config_source(config, "cluster.topology"))
            good = errors_add(errors, "%s: %s has no effect with topology %s",
                              config_where(config, setting->key), setting->key,
                              cluster->topology->name);
    }
    return good;
}

struct cluster *cluster_create(const struct config *config, int nodes, struct errors *errors)
{
    struct cluster *cluster = memory_zeroed(1, sizeof *cluster);
    cluster->name = name_of(config);
    cluster->nodes = cluster->vertices = nodes;
    cluster->topology = topologies[config_choice(config, "cluster.topology")];
    cluster->route_room = ROUTE_LONGEST;
    cluster->overhead_ps = config_whole(config, "cluster.loggp.overhead");
    cluster->gap_ps = config_whole(config, "cluster.loggp.gap");
    cluster->offload = config_on(config, "cluster.loggp.offload");
    cluster->flow = cluster_flow_settings(config);
    make_devices(cluster, config);
    bool good = check_effect(cluster, config, errors);
    if (cluster->topology->build(cluster, config, errors) && good)
        return cluster;
    cluster_free(cluster);
    return NULL;
}

void cluster_free(struct cluster *cluster)
{
    if (!cluster)
        return;
    free(cluster->name);
    free(cluster->devices);
    free(cluster->links);
    free(cluster->next_link);
    free(cluster);
}
