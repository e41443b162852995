/* A YAML tree into settings. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct config *config;
    const char *path;
    enum source source;
    struct errors *errors;
};

static char *place(const struct reading *reading, int line, int column)
{
    return memory_text("%s:%d:%d", reading->path, line, column);
}

/* The entry that a full key of this file means. */
static struct entry *entry_of(const struct reading *reading, const char *key)
{
    if (!strcmp(key, "cluster.nodes"))
        key = "nodes";
    /* A cluster file cannot name another. */
    return reading->source == SOURCE_CLUSTER ? config_find(reading->config, key)
                                             : config_find_named(reading->config, key);
}

static bool has_children(const struct config *config, const char *key)
{
    size_t length = strlen(key);
    for (int i = 0; i < config->count; i++) {
        const char *other = config->entries[i].setting->key;
        if (!strncmp(other, key, length) && other[length] == '.')
            return true;
    }
    return false;
}

static void say(const struct reading *reading, const struct tree *node, const char *key,
                const char *what)
{
    errors_add(reading->errors, "%s:%d:%d: %s: %s", reading->path, node->line, node->column, key,
               what);
}

static void add_text(struct reading *reading, const struct tree *node, struct entry *entry,
                     bool take)
{
    const char *key = entry->setting->key;
    if (node->kind != TREE_TEXT || !node->text) {
        say(reading, node, key, node->kind == TREE_TEXT ? "has no value" : "expected one value here");
        return;
    }
    char *where = place(reading, node->line, node->column);
    entry_add(entry, node->text, where, key, take, reading->errors);
    free(where);
}

static void read_values(struct reading *reading, const struct tree *node, struct entry *entry)
{
    char *where = place(reading, node->key_line, node->key_column);
    enum giving giving =
        entry_begin(reading->config, entry, reading->source, where, reading->errors);
    free(where);
    if (giving == GIVING_TWICE)
        return;
    bool is_list = entry->setting->kind == SETTING_LIST;
    if (node->kind == TREE_TEXT) {
        add_text(reading, node, entry, giving == GIVING_TAKEN);
    } else if (node->count == 0) {
        say(reading, node, entry->setting->key, "the list is empty");
    } else if (!is_list && reading->source == SOURCE_CLUSTER) {
        say(reading, node, entry->setting->key,
            "a cluster file has one value for a key; sweep it in the experiment or on the command "
            "line");
    } else {
        for (int i = 0; i < node->count; i++)
            add_text(reading, &node->children[i], entry, giving == GIVING_TAKEN);
    }
}

static void say_unknown(struct reading *reading, const struct tree *node, const char *key)
{
    errors_add(reading->errors, "%s:%d:%d: unknown key '%s'%s", reading->path, node->key_line,
               node->key_column, key,
               key_suggestion(reading->config, key));
}

static void read_entries(struct reading *reading, const struct tree *map, const char *prefix)
{
    for (int i = 0; i < map->count; i++) {
        const struct tree *node = &map->children[i];
        char *key = memory_text("%s%s", prefix, node->key);
        struct entry *entry = entry_of(reading, key);
        if (node->kind == TREE_MAP && (has_children(reading->config, key) || entry)) {
            char *inner = memory_text("%s.", key);
            read_entries(reading, node, inner);
            free(inner);
        } else if (entry && node->kind != TREE_MAP) {
            read_values(reading, node, entry);
        } else if (has_children(reading->config, key)) {
            say(reading, node, key, "expected a mapping of keys here");
        } else {
            say_unknown(reading, node, key);
        }
        free(key);
    }
}

bool config_read(struct config *config, const char *path, const char *prefix, enum source source,
                 struct errors *errors)
{
    int before = errors->count;
    struct reading reading = {config, path, source, errors};
    struct tree *root = tree_load(path, errors);
    if (!root)
        return false;
    if (root->kind == TREE_MAP)
        read_entries(&reading, root, prefix);
    else if (root->kind == TREE_TEXT && !root->text)
        errors_add(errors, "%s: the file is empty: expected keys and values", path);
    else
        errors_add(errors, "%s:%d:%d: expected a mapping of keys to values, such as `nodes: 4`", path, root->line,
                   root->column);
    tree_free(root);
    return errors->count == before;
}
