/* ASTRA-sim's network file (its analytical backend, congestion-unaware and -aware): lists of one
 * length with an item a dimension, the first dimension's neighbours next to each other:
 *
 *     topology: [ Ring, Switch ]      Ring, FullyConnected or Switch
 *     npus_count: [ 4, 8 ]            places of the dimension, more than 1
 *     bandwidth: [ 200.0, 50.0 ]      GB/s of a link, each way
 *     latency: [ 50.0, 500.0 ]        ns of a link; a switch is two of them away from anyone
 *
 * The file becomes the settings of the same product (multi_level, attach=node). A ring goes the
 * shorter way round, both here and there (Ring::compute_hops_count, bidirectional). ASTRA-sim's GB
 * is 2^30 bytes (bw_GBps_to_Bpns). */
#include "import.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/config/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TOPOLOGY, NPUS_COUNT, BANDWIDTH, LATENCY, KEYS };
static const char *const keys[KEYS] = {"topology", "npus_count", "bandwidth", "latency"};

enum { BLOCKS = 3, MOST_NPUS = 1000000 };
static const char *const block_names[BLOCKS] = {"Ring", "FullyConnected", "Switch"};
static const char *const block_families[BLOCKS] = {"ring", "full_mesh", "star"};

/* A file while it is read. */
struct astra {
    const char *path;
    const struct tree *lists[KEYS]; /* NULL: not in the file */
    double gigabyte;                /* bytes */
    struct errors *errors;
};

static int index_of(const char *word, const char *const *words, int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(word, words[i]))
            return i;
    return -1;
}

static const struct tree *child_of(const struct tree *root, const char *key)
{
    for (int i = 0; i < root->count && root->kind == TREE_MAP; i++)
        if (!strcmp(root->children[i].key, key))
            return &root->children[i];
    return NULL;
}

/* A pipe could not be read a second time. */
static bool is_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

static bool has_keys(const char *path)
{
    struct errors errors = {0}; /* whoever reads the file says them */
    struct tree *root = is_file(path) ? tree_load(path, &errors) : NULL;
    const struct tree *topology = root ? child_of(root, keys[TOPOLOGY]) : NULL;
    bool has = topology && topology->kind == TREE_LIST && child_of(root, keys[NPUS_COUNT]);
    tree_free(root);
    errors_release(&errors);
    return has;
}

bool astra_is_wanted(const struct config *config, const char *path)
{
    enum { AUTO, THREADRACK, SIMGRID, ASTRA };
    int format = config_choice(config, "cluster.format");
    return format == ASTRA || (format == AUTO && has_keys(path));
}

static bool say(const struct astra *reading, const struct tree *node, const char *key,
                const char *what)
{
    return errors_add(reading->errors, "%s:%d:%d: %s: '%s': expected %s", reading->path, node->line,
                      node->column, key, node->text ? node->text : "", what);
}

static bool find_list(struct astra *reading, const struct tree *node)
{
    int key = index_of(node->key, keys, KEYS);
    if (key < 0)
        return errors_add(reading->errors,
                          "%s:%d:%d: the key '%s' is not modelled; expected %s, %s, "
                          "%s and %s%s",
                          reading->path, node->key_line, node->key_column, node->key, keys[0],
                          keys[1], keys[2], keys[3], text_suggestion(node->key, keys, KEYS));
    reading->lists[key] = node;
    if (node->kind != TREE_LIST || !node->count)
        return errors_add(reading->errors, "%s:%d:%d: %s: expected a list, an item a dimension",
                          reading->path, node->line, node->column, node->key);
    return true;
}

static bool check_length(struct astra *reading, int key)
{
    const struct tree *list = reading->lists[key], *topology = reading->lists[TOPOLOGY];
    if (!list)
        return errors_add(reading->errors, "%s: the key '%s' is missing", reading->path, keys[key]);
    if (topology && list->count != topology->count)
        return errors_add(reading->errors, "%s:%d:%d: %s has %d items, and topology has %d",
                          reading->path, list->line, list->column, keys[key], list->count,
                          topology->count);
    return true;
}

static bool find_lists(struct astra *reading, const struct tree *root)
{
    bool good = true;
    if (root->kind != TREE_MAP)
        return errors_add(reading->errors, "%s:%d:%d: expected a mapping of keys to lists",
                          reading->path, root->line, root->column);
    for (int i = 0; i < root->count; i++)
        good = find_list(reading, &root->children[i]) && good;
    for (int key = 0; key < KEYS && good; key++)
        good = check_length(reading, key);
    return good;
}

/* The number of an item times `scale`, which lies within [low, high]. */
static bool read_number(const struct astra *reading, int key, int i, double scale, double low,
                        double high, const char *expected, double *number)
{
    const struct tree *item = &reading->lists[key]->children[i];
    char *end = NULL;
    *number = item->kind == TREE_TEXT && item->text ? strtod(item->text, &end) * scale : NAN;
    bool good = end && end > item->text && !*end && *number >= low && *number <= high;
    return good || say(reading, item, keys[key], expected);
}

/* The words of the level that dimension i is; NULL after an error. */
static char *level_of(const struct astra *reading, int i)
{
    const struct tree *name = &reading->lists[TOPOLOGY]->children[i];
    int block = name->text ? index_of(name->text, block_names, BLOCKS) : -1;
    double npus, bandwidth, latency;
    bool good = true;
    if (block < 0)
        good = errors_add(reading->errors,
                          "%s:%d:%d: topology: '%s': expected Ring, FullyConnected or Switch%s",
                          reading->path, name->line, name->column, name->text ? name->text : "",
                          name->text ? text_suggestion(name->text, block_names, BLOCKS) : "");
    good = read_number(reading, NPUS_COUNT, i, 1, 2, MOST_NPUS, "a whole number from 2 to 1000000",
                       &npus) &&
           good;
    if (good && npus != floor(npus))
        good = say(reading, &reading->lists[NPUS_COUNT]->children[i], keys[NPUS_COUNT],
                   "a whole number from 2 to 1000000");
    good = read_number(reading, BANDWIDTH, i, reading->gigabyte, 1, 1e18,
                       "a number of GB/s above 0, up to 10^18 B/s", &bandwidth) &&
           good;
    good = read_number(reading, LATENCY, i, 1000, 0, 1e12, "a number of ns from 0 to 10^9",
                       &latency) &&
           good;
    return good ? memory_text("%s size=%.0f bandwidth=%.0fB/s latency=%.0fps%s",
                              block_families[block], npus, bandwidth, latency,
                              i ? " attach=node" : "")
                : NULL;
}

static bool give_levels(const struct astra *reading, struct config *config)
{
    const struct tree *topology = reading->lists[TOPOLOGY];
    char **texts = memory_zeroed((size_t)topology->count, sizeof *texts);
    char **wheres = memory_zeroed((size_t)topology->count, sizeof *wheres);
    bool good = true;
    for (int i = 0; i < topology->count; i++) {
        const struct tree *item = &topology->children[i];
        texts[i] = level_of(reading, i);
        wheres[i] = memory_text("%s:%d:%d", reading->path, item->line, item->column);
        good = good && texts[i];
    }
    good = good &&
           config_give(config, "cluster.topology", "multi_level", wheres[0], SOURCE_CLUSTER,
                       reading->errors) &&
           config_give_list(config, "cluster.levels", texts, wheres, topology->count,
                            SOURCE_CLUSTER, reading->errors);
    for (int i = 0; i < topology->count; i++) {
        free(texts[i]);
        free(wheres[i]);
    }
    free(texts);
    free(wheres);
    return good;
}

bool astra_read(struct config *config, const char *path, struct errors *errors)
{
    bool decimal = config_choice(config, "cluster.astra.gigabyte") == 1;
    struct astra reading = {.path = path, .gigabyte = decimal ? 1e9 : 0x1p30, .errors = errors};
    struct tree *root = tree_load(path, errors);
    bool good = root && find_lists(&reading, root) && give_levels(&reading, config);
    tree_free(root);
    return good;
}

static bool is_astra(const struct config *config)
{
    const char *name = config_text(config, "cluster");
    char *path = name ? cluster_find_file(name) : NULL;
    bool is = path && astra_is_wanted(config, path);
    free(path);
    return is;
}

bool astra_check_effect(const struct config *config, struct errors *errors)
{
    bool good = true, astra = is_astra(config);
    static const char *const own[] = {"cluster.astra.gigabyte", "cluster.astra.system"};
    for (int i = 0; i < 2 && !astra; i++)
        if (config_is_given(config, own[i]))
            good =
                errors_add(errors, "%s: %s has no effect: the cluster is not a file of ASTRA-sim's",
                           config_where(config, own[i]), own[i]);
    static const char *const links[] = {"cluster.link.bandwidth", "cluster.link.latency"};
    for (int i = 0; i < 2 && astra; i++)
        if (config_is_given(config, links[i]) &&
            config_source(config, "cluster.topology") == SOURCE_CLUSTER)
            good = errors_add(errors, "%s: %s has no effect: links are those of ASTRA-sim's file",
                              config_where(config, links[i]), links[i]);
    return good;
}

bool astra_note(struct cluster *cluster, const struct config *config, struct errors *errors)
{
    bool decimal = config_choice(config, "cluster.astra.gigabyte") == 1;
    bool taken = is_astra(config) && config_source(config, "cluster.levels") == SOURCE_CLUSTER;
    for (int i = 0; taken && i < config_list_count(config, "cluster.levels"); i++)
        *vector_push(&cluster->notes, &cluster->note_count, &cluster->note_room) = memory_text(
            "%s: with a GB of %s bytes this is %s", config_list_where(config, "cluster.levels", i),
            decimal ? "10^9" : "2^30", config_list_item(config, "cluster.levels", i));
    const char *system = config_text(config, "cluster.astra.system");
    return !system || astra_note_system(cluster, system, errors);
}
