/* Families inside families: cluster.levels lists them from the inside out, each as
 * `family size=8 bandwidth=300GB/s latency=1us attach=box` with the family's own options
 * (`torus dimensions=4x4`). What the attachments mean stands in ../levels.h.
 *
 * A level is read as a cluster of its own, so that the same settings check its words. */
#include "../levels.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const attach_names[] = {"box", "node", "all"};

/* The setting that a level's word means. */
static char *setting_word(const char *family, const char *word)
{
    static const struct {
        const char *name, *key;
    } names[] = {{"size=", "nodes="},
                 {"bandwidth=", "cluster.link.bandwidth="},
                 {"latency=", "cluster.link.latency="},
                 {"box.", "cluster.box."}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strncmp(word, names[i].name, strlen(names[i].name)))
            return memory_text("%s%s", names[i].key, word + strlen(names[i].name));
    return memory_text("cluster.%s.%s", family, word);
}

static bool read_attach(const char *word, enum attach *attach, struct errors *errors)
{
    for (int i = 0; i < 3; i++)
        if (!strcmp(word, attach_names[i])) {
            *attach = (enum attach)i;
            return true;
        }
    return errors_add(errors, "attach is box, node or all, not '%s'%s", word,
                      text_suggestion(word, attach_names, 3));
}

static void read_words(struct config *config, const char *text, struct level *level,
                       struct errors *errors)
{
    char *copy = memory_text("%s", text), *state, *family = strtok_r(copy, " ", &state), *word;
    char *topology = memory_text("cluster.topology=%s", family ? family : "");
    config_set(config, topology, errors);
    while ((word = strtok_r(NULL, " ", &state))) {
        if (!strncmp(word, "attach=", 7)) {
            read_attach(word + 7, &level->attach, errors);
            continue;
        }
        char *setting = setting_word(family, word);
        config_set(config, setting, errors);
        free(setting);
    }
    for (int i = 0; i < config_swept_count(config); i++)
        errors_add(errors, "%s has several values", config_swept_key(config, i));
    free(topology);
    free(copy);
}

static bool is_graph(const struct config *config)
{
    const char *name = config_text(config, "cluster.topology");
    return !strcmp(name, "explicit") || !strcmp(name, "multi_level");
}

/* `below`: nodes of a box of the levels inside; `nodes`: of the cluster, 0 when not said. */
static void shape_level(struct config *config, struct level *level, bool last, int below, int nodes,
                        struct errors *errors)
{
    bool sized = config_is_given(config, "nodes");
    int size = sized ? (int)config_whole(config, "nodes") : 0;
    if (level->attach == ATTACH_ALL)
        below = 1;
    if (!size && last && nodes)
        size = (nodes - 1) / below + 1;
    if (is_graph(config))
        errors_add(errors, "%s is not for levels", config_text(config, "cluster.topology"));
    else if (cluster_check_effect(config, errors) &&
             fabric_shape(&level->fabric, config, size, errors) && sized &&
             level->fabric.places != size)
        errors_add(errors, "it has %d places by its numbers, so size is not %d",
                   level->fabric.places, size);
    if (!errors->count && !level->fabric.places && (!last || nodes))
        errors_add(errors, "its size is missing, such as size=8");
}

static bool read_level(const struct config *outer, int i, int below, int nodes, struct level *level,
                       struct errors *errors)
{
    const struct setting *const tables[] = {cluster_settings};
    const char *text = config_list_item(outer, "cluster.levels", i);
    struct config *config = config_create(tables, 1);
    struct errors inner = {0};
    read_words(config, text, level, &inner);
    bool last = i + 1 == config_list_count(outer, "cluster.levels");
    if (!inner.count)
        shape_level(config, level, last, below, nodes, &inner);
    for (int e = 0; e < inner.count; e++) {
        const char *message = inner.messages[e], *prefix = "command line: ";
        errors_add(errors, "%s: cluster.levels: '%s': %s",
                   config_list_where(outer, "cluster.levels", i), text,
                   message + (strncmp(message, prefix, strlen(prefix)) ? 0 : strlen(prefix)));
    }
    bool good = !inner.count;
    errors_release(&inner);
    config_free(config);
    return good;
}

static bool read_levels(const struct config *config, int nodes, struct levels *levels,
                        struct errors *errors)
{
    int64_t below = 1;
    bool good = true;
    for (int i = 0; i < config_list_count(config, "cluster.levels") && good; i++) {
        struct level *level = &levels->level[levels->count++];
        good = read_level(config, i, (int)below, nodes, level, errors);
        below *= level->attach == ATTACH_ALL ? 1 : level->fabric.places;
        if (good && below > 1000000)
            good = errors_add(errors, "%s: the levels make more than 1000000 places",
                              config_where(config, "cluster.levels"));
    }
    return good;
}

static bool shape(struct fabric *fabric, const struct config *config, int nodes,
                  struct errors *errors)
{
    struct levels levels = {0};
    const char *where = config_where(config, "cluster.topology");
    if (!config_is_set(config, "cluster.levels"))
        return errors_add(errors, "%s: topology multi_level needs its levels in cluster.levels", where);
    where = config_where(config, "cluster.levels");
    if (config_list_count(config, "cluster.levels") > MOST_LEVELS)
        return errors_add(errors, "%s: cluster.levels has at most %d levels", where, MOST_LEVELS);
    bool good = read_levels(config, nodes, &levels, errors);
    if (good && levels.level[levels.count - 1].fabric.places)
        return levels_shape(fabric, &levels, where, errors);
    for (int k = 0; k < levels.count; k++)
        fabric_release(&levels.level[k].fabric);
    return good;
}

const struct topology_ops topology_multi_level = {
    .name = "multi_level",
    .summary = "families inside families: boxes on a network (attach=box), every node wired in every "
               "dimension (node), or boxes whose nodes are all on one network (all)",
    .options = "cluster.levels",
    .shape = shape,
    .wire = levels_wire,
    .route = levels_route,
    .path = levels_path,
    .bisection = levels_bisection,
    .nesting = levels_nesting,
    .release = levels_release,
};
