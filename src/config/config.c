#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

static void add_setting(struct config *config, const struct setting *setting)
{
    if (config_find(config, setting->key))
        BUG("the key '%s' stands in two tables", setting->key);
    struct entry *entry = vector_push(&config->entries, &config->count, &config->room);
    entry->setting = setting;
    if (!setting->fallback)
        return;
    struct errors errors = {0};
    if (!entry_add(entry, setting->fallback, "default", setting->key, true, &errors))
        BUG("the default of '%s' is wrong: %s", setting->key, errors.messages[0]);
}

struct config *config_create(const struct setting *const *tables, int count)
{
    struct config *config = memory_zeroed(1, sizeof *config);
    for (int i = 0; i < count; i++)
        for (const struct setting *setting = tables[i]; setting->key; setting++)
            add_setting(config, setting);
    config->keys = memory_zeroed((size_t)config->count, sizeof *config->keys);
    for (int i = 0; i < config->count; i++)
        config->keys[i] = config->entries[i].setting->key;
    return config;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (int i = 0; i < config->count; i++)
        entry_clear(&config->entries[i]);
    free(config->entries);
    free(config->keys);
    free(config);
}

struct entry *config_find(const struct config *config, const char *key)
{
    for (int i = 0; i < config->count; i++)
        if (!strcmp(config->entries[i].setting->key, key))
            return &config->entries[i];
    return NULL;
}

struct entry *config_find_named(const struct config *config, const char *key)
{
    struct entry *entry = config_find(config, key);
    const char *last = strrchr(key, '.');
    if (entry || !last || (strcmp(last, ".file") && strcmp(last, ".name")))
        return entry;
    char *stem = memory_text("%.*s", (int)(last - key), key);
    entry = config_find(config, stem);
    free(stem);
    return entry;
}

bool entry_is_swept(const struct entry *entry)
{
    return entry->count > 1 && entry->setting->kind != SETTING_LIST;
}

void entry_clear(struct entry *entry)
{
    for (int i = 0; i < entry->count; i++) {
        free(entry->values[i].text);
        free(entry->values[i].where);
    }
    free(entry->values);
    entry->values = NULL;
    entry->count = entry->room = 0;
}

enum giving entry_begin(struct config *config, struct entry *entry, enum source source,
                        const char *where, struct errors *errors)
{
    if (entry->given && entry->source == source) {
        errors_add(errors, "%s: %s is given twice%s%s", where, entry->setting->key,
                   entry->count ? "; first at " : "", entry->count ? entry->values[0].where : "");
        return GIVING_TWICE;
    }
    if (entry->source > source)
        return GIVING_OVERRIDDEN;
    entry_clear(entry);
    entry->source = source;
    entry->given = true;
    entry->appearance = config->appearances++;
    return GIVING_TAKEN;
}

bool config_give(struct config *config, const char *key, const char *text, const char *where,
                 enum source source, struct errors *errors)
{
    struct entry *entry = config_find(config, key);
    if (!entry)
        BUG("no table has the key '%s'", key);
    enum giving giving = entry_begin(config, entry, source, where, errors);
    return giving != GIVING_TWICE &&
           entry_add(entry, text, where, key, giving == GIVING_TAKEN, errors);
}

bool config_give_list(struct config *config, const char *key, char *const *texts,
                      char *const *wheres, int count, enum source source, struct errors *errors)
{
    struct entry *entry = config_find(config, key);
    if (!entry || entry->setting->kind != SETTING_LIST)
        BUG("no list has the key '%s'", key);
    enum giving giving = entry_begin(config, entry, source, wheres[0], errors);
    bool good = giving != GIVING_TWICE;
    for (int i = 0; i < count && giving != GIVING_TWICE; i++)
        good = entry_add(entry, texts[i], wheres[i], key, giving == GIVING_TAKEN, errors) && good;
    return good;
}
