/* An imported cluster: its links and its routes are its file's, its devices' speeds too, unless
 * cluster.device.flops is given. Links have no ends in such files, so each stands between a vertex of
 * its own and itself. */
#include "import.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

bool import_is_wanted(const struct config *config)
{
    enum { AUTO, THREADRACK, SIMGRID };
    const char *name = config_text(config, "cluster");
    const char *ending = name ? strrchr(name, '.') : NULL;
    int format = config_choice(config, "cluster.format");
    return name && (format == SIMGRID || (format == AUTO && ending && !strcmp(ending, ".xml")));
}

bool import_read(struct config *config, const char *path, struct errors *errors)
{
    char count[32];
    struct remarks remarks = {0};
    struct platform *platform = simgrid_load(path, &remarks, errors);
    bool good = platform;
    if (good) {
        snprintf(count, sizeof count, "%d", platform->host_count);
        good = config_give(config, "nodes", count, path, SOURCE_CLUSTER, errors);
    }
    platform_free(platform);
    remarks_release(&remarks);
    return good;
}

/* Settings that say what the file says already. */
static bool check_effect(const struct config *config, const char *path, struct errors *errors)
{
    static const char *const words[] = {"cluster.topology", "cluster.link.", "cluster.links",
                                        "cluster.box.", "cluster.levels"};
    bool good = true;
    for (const struct setting *setting = cluster_settings; setting->key; setting++)
        for (int i = 0; i < 5; i++)
            if (!strncmp(setting->key, words[i], strlen(words[i])) &&
                config_is_given(config, setting->key))
                good = errors_add(errors, "%s: %s has no effect: links and routes are those of %s",
                                  config_where(config, setting->key), setting->key, path);
    return good;
}

static void add_note(struct cluster *cluster, char *note)
{
    *vector_push(&cluster->notes, &cluster->note_count, &cluster->note_room) = note;
}

static void take_remarks(struct cluster *cluster, const struct remarks *remarks)
{
    for (int i = 0; i < remarks->count; i++) {
        const struct remark *remark = &remarks->items[i];
        add_note(cluster, remark->more ? memory_text("%s and %d more lines: %s", remark->where,
                                                     remark->more, remark->what)
                                       : memory_text("%s: %s", remark->where, remark->what));
    }
}

/* A resource is a vertex of its own, at which its cable begins and ends. */
static struct fabric fabric_of(struct platform *platform)
{
    return (struct fabric){.topology = &topology_imported,
                           .state = platform,
                           .places = platform->host_count,
                           .switches = platform->link_count / 2,
                           .links = platform->link_count,
                           .route_room = platform->route_room};
}

static void take_speeds(struct cluster *cluster, const struct config *config)
{
    bool given = config_is_given(config, "cluster.device.flops") ||
                 config_is_given(config, "cluster.device");
    for (int i = 0; i < cluster->nodes && !given; i++)
        cluster->devices[i].flops = (uint64_t)(cluster->platform->speeds[i] + 0.5);
}

static struct cluster *create(const struct config *config, int nodes, const char *path,
                              const struct remarks *remarks, struct platform *platform,
                              struct errors *errors)
{
    if (platform->host_count < nodes) {
        errors_add(errors, "%s: %s has %d hosts, not %d", config_where(config, "nodes"), path,
                   platform->host_count, nodes);
        platform_free(platform);
        return NULL;
    }
    struct cluster *cluster = cluster_create_from(fabric_of(platform), config, nodes,
                                                  config_where(config, "nodes"), errors);
    if (cluster) {
        cluster->platform = platform;
        take_speeds(cluster, config);
        take_remarks(cluster, remarks);
    }
    return cluster;
}

struct cluster *import_create(const struct config *config, int nodes, struct errors *errors)
{
    char *path = cluster_find_file(config_text(config, "cluster"));
    struct remarks remarks = {0};
    struct platform *platform = NULL;
    if (!path)
        errors_add(errors, "%s: the file is gone", config_where(config, "cluster"));
    else if (check_effect(config, path, errors))
        platform = simgrid_load(path, &remarks, errors);
    struct cluster *cluster =
        platform ? create(config, nodes, path, &remarks, platform, errors) : NULL;
    remarks_release(&remarks);
    free(path);
    return cluster;
}

static void wire(const struct fabric *fabric, struct wiring *wiring)
{
    const struct platform *platform = fabric->state;
    for (int i = 0; i < platform->link_count; i += 2) {
        const struct link *link = &platform->links[i];
        int at = fabric->places + i / 2;
        int first =
            wiring_cable(wiring, at, at, (struct path){link->latency_ps, link->bandwidth_Bps});
        for (int way = 0; way < 2; way++) {
            wiring->cluster->links[first + way].fatpipe = link[way].fatpipe;
            wiring->cluster->links[first + way].half_duplex = link[way].half_duplex;
        }
    }
}

static int route(const struct fabric *fabric, int src, int dst, uint64_t hash, int *links)
{
    (void)hash;
    const struct platform *platform = fabric->state;
    struct trail trail = {links, 0, fabric->route_room};
    platform_route(platform->hosts[src], platform->hosts[dst], &trail);
    return trail.count;
}

static struct path path(const struct fabric *fabric, int src, int dst, uint64_t hash)
{
    enum { MOST = 1024 }; /* more than two margins and the longest route that is accepted */
    (void)hash;
    int links[MOST];
    const struct platform *platform = fabric->state;
    struct trail trail = {links, 0, MOST};
    struct path path = {.bandwidth_Bps = UINT64_MAX};
    platform_route(platform->hosts[src], platform->hosts[dst], &trail);
    for (int i = 0; i < trail.count; i++) {
        const struct link *link = &platform->links[links[i]];
        path = path_join(path, (struct path){link->latency_ps, link->bandwidth_Bps});
    }
    return path;
}

static void release(void *platform)
{
    platform_free(platform);
}

void import_release(struct cluster *cluster)
{
    for (int i = 0; i < cluster->note_count; i++)
        free(cluster->notes[i]);
    free(cluster->notes);
}

const char *import_link_name(const struct cluster *cluster, int link)
{
    static _Thread_local char name[320];
    const struct link *it = &cluster->links[link];
    bool split = !it->fatpipe && !it->half_duplex;
    snprintf(name, sizeof name, "%.300s%s", cluster->platform->link_names[link / 2],
             !split ? "" : link & 1 ? "_DOWN" : "_UP");
    return name;
}

const struct topology_ops topology_imported = {
    .name = "imported",
    .summary = "links and routes of a file of another simulator",
    .options = "",
    .wire = wire,
    .route = route,
    .path = path,
    .release = release,
};
