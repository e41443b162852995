#include "threadrack/cluster/cluster.h"

#include "import/import.h"
#include "slow.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/device.h"
#include "threadrack/cluster/topology.h"

#include <stdlib.h>
#include <string.h>

static char *name_of(const struct config *config)
{
    const char *name = config_text(config, "cluster.name"), *file = config_text(config, "cluster");
    if (name || !file)
        return memory_text("%s", name ? name : "inline");
    const char *slash = strrchr(file, '/');
    char *base = memory_text("%s", slash ? slash + 1 : file);
    char *dot = strrchr(base, '.');
    if (dot && dot > base &&
        (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml") || !strcmp(dot, ".xml")))
        *dot = 0;
    return base;
}

static void make_devices(struct cluster *cluster, struct device device)
{
    cluster->devices = memory_zeroed((size_t)cluster->nodes, sizeof *cluster->devices);
    for (int i = 0; i < cluster->nodes; i++)
        cluster->devices[i] = device;
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
bool cluster_check_effect(const struct config *config, struct errors *errors)
{
    const struct topology_ops *topology = topologies[config_choice(config, "cluster.topology")];
    bool good = true;
    for (const struct setting *setting = cluster_settings; setting->key; setting++) {
        bool of_some = false;
        for (int i = 0; topologies[i]; i++)
            of_some = of_some || has_option(topologies[i], setting->key);
        if (of_some && !has_option(topology, setting->key) &&
            config_is_given(config, setting->key) &&
            config_source(config, setting->key) >= config_source(config, "cluster.topology"))
            good = errors_add(errors, "%s: %s has no effect with topology %s",
                              config_where(config, setting->key), setting->key, topology->name);
    }
    return good;
}

static void make_links(struct cluster *cluster)
{
    const struct fabric *fabric = &cluster->fabric;
    struct wiring wiring = {.cluster = cluster,
                            .places = fabric->places,
                            .stride = 1,
                            .first_switch = fabric->places};
    cluster->link_room = fabric->links;
    cluster->links = memory_zeroed((size_t)fabric->links + 1, sizeof *cluster->links);
    fabric->topology->wire(fabric, &wiring);
    if (cluster->link_count != fabric->links)
        BUG("topology %s has %d links instead of %d", fabric->topology->name, cluster->link_count,
            fabric->links);
}

struct cluster *cluster_create_from(struct fabric fabric, const struct config *config, int nodes,
                                    const char *where, struct errors *errors)
{
    if (nodes > fabric.places) {
        errors_add(errors, "%s: topology %s has %d places by its numbers, so nodes is at most %d, not %d",
                   where, fabric.topology->name, fabric.places, fabric.places, nodes);
        fabric_release(&fabric);
        return NULL;
    }
    struct device device;
    if (!device_read(config, &device, errors)) {
        fabric_release(&fabric);
        return NULL;
    }
    struct cluster *cluster = memory_zeroed(1, sizeof *cluster);
    cluster->name = name_of(config);
    cluster->fabric = fabric;
    cluster->topology = fabric.topology;
    cluster->places = fabric.places;
    cluster->nodes = nodes ? nodes : fabric.places;
    cluster->vertices = fabric.places + fabric.switches;
    cluster->overhead_ps = config_whole(config, "cluster.loggp.overhead");
    cluster->overhead_fs_B = config_whole(config, "cluster.loggp.overhead_per_byte");
    cluster->rendezvous_bytes = config_is_set(config, "cluster.loggp.rendezvous")
                                    ? config_whole(config, "cluster.loggp.rendezvous")
                                    : UINT64_MAX;
    cluster->gap_ps = config_whole(config, "cluster.loggp.gap");
    cluster->program_order = config_choice(config, "cluster.loggp.ports") == 1;
    cluster->offload = config_on(config, "cluster.loggp.offload");
    cluster->flow = cluster_flow_settings(config);
    make_devices(cluster, device);
    make_links(cluster);
    if (slow_apply(cluster, config, errors))
        return cluster;
    cluster_free(cluster);
    return NULL;
}

static struct cluster *create_family(const struct config *config, int nodes, struct errors *errors)
{
    bool good = cluster_check_effect(config, errors);
    if (!nodes && good) {
        int places = cluster_places(config);
        nodes = places ? places : 1;
    }
    struct fabric fabric = {0};
    if (!fabric_shape(&fabric, config, nodes, errors))
        return NULL;
    if (good)
        return cluster_create_from(fabric, config, nodes, config_where(config, "nodes"), errors);
    fabric_release(&fabric);
    return NULL;
}

static struct cluster *create_any(const struct config *config, int nodes, struct errors *errors)
{
    if (import_is_wanted(config))
        return import_create(config, nodes, errors);
    struct cluster *cluster =
        astra_check_effect(config, errors) ? create_family(config, nodes, errors) : NULL;
    if (!cluster || astra_note(cluster, config, errors))
        return cluster;
    cluster_free(cluster);
    return NULL;
}

struct cluster *cluster_create(const struct config *config, int nodes, struct errors *errors)
{
    struct cluster *cluster = create_any(config, nodes, errors);
    if (!cluster || slow_links(cluster, config, errors))
        return cluster;
    cluster_free(cluster);
    return NULL;
}

int cluster_places(const struct config *config)
{
    struct errors errors = {0};
    struct fabric fabric = {0};
    bool shaped = !import_is_wanted(config) && fabric_shape(&fabric, config, 0, &errors);
    int places = shaped ? fabric.places : 0;
    fabric_release(&fabric);
    errors_release(&errors);
    return places;
}

void cluster_free(struct cluster *cluster)
{
    if (!cluster)
        return;
    free(cluster->name);
    free(cluster->node_of);
    free(cluster->rank_on);
    slow_release(cluster);
    free(cluster->devices);
    free(cluster->links);
    import_release(cluster);
    fabric_release(&cluster->fabric);
    free(cluster);
}
