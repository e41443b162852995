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
                                        "cluster.box."};
    bool good = true;
    for (const struct setting *setting = cluster_settings; setting->key; setting++)
        for (int i = 0; i < 4; i++)
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

static void take_platform(struct cluster *cluster, const struct config *config)
{
    struct platform *platform = cluster->platform;
    cluster->links = platform->links;
    cluster->link_count = cluster->link_room = platform->link_count;
    platform->links = NULL;
    for (int i = 0; i < cluster->link_count; i++)
        cluster->links[i].from = cluster->links[i].to = cluster->nodes + i / 2;
    cluster->vertices = cluster->nodes + cluster->link_count / 2;
    if (cluster->route_room < platform->route_room)
        cluster->route_room = platform->route_room;
    for (int i = 0; i < cluster->nodes && !config_is_given(config, "cluster.device.flops"); i++)
        cluster->devices[i].flops = (uint64_t)(platform->speeds[i] + 0.5);
}

static bool build(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    char *path = cluster_find_file(config_text(config, "cluster"));
    struct remarks remarks = {0};
    bool good = path ? check_effect(config, path, errors)
                     : errors_add(errors, "%s: the file is gone", config_where(config, "cluster"));
    if (good)
        cluster->platform = simgrid_load(path, &remarks, errors);
    if (cluster->platform && cluster->platform->host_count < cluster->nodes)
        good = errors_add(errors, "%s: %s has %d hosts, not %d", config_where(config, "nodes"), path,
                          cluster->platform->host_count, cluster->nodes);
    good = good && cluster->platform;
    if (good) {
        take_platform(cluster, config);
        take_remarks(cluster, &remarks);
    }
    remarks_release(&remarks);
    free(path);
    return good;
}

static int route(const struct cluster *cluster, int src, int dst, int *links)
{
    struct platform *platform = cluster->platform;
    struct trail trail = {links, 0, cluster->route_room};
    platform_route(platform->hosts[src], platform->hosts[dst], &trail);
    return trail.count;
}

static struct path path(const struct cluster *cluster, int src, int dst)
{
    enum { MOST = 1024 }; /* more than two margins and the longest route that is accepted */
    int links[MOST];
    struct platform *platform = cluster->platform;
    struct trail trail = {links, 0, MOST};
    struct path path = {.bandwidth_Bps = UINT64_MAX};
    platform_route(platform->hosts[src], platform->hosts[dst], &trail);
    for (int i = 0; i < trail.count; i++) {
        const struct link *link = &cluster->links[links[i]];
        path.latency_ps += link->latency_ps;
        if (link->bandwidth_Bps < path.bandwidth_Bps)
            path.bandwidth_Bps = link->bandwidth_Bps;
    }
    return path;
}

void import_release(struct cluster *cluster)
{
    platform_free(cluster->platform);
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
    .build = build,
    .route = route,
    .path = path,
};
