#include "inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_POINTS = 1000000 };

/* The i-th swept entry in order of appearance, NULL when there are not so many. Appearances differ,
 * so the i-th is the one that i others come before. */
static const struct entry *swept_at(const struct config *config, int i)
{
    for (int e = 0; e < config->count; e++) {
        const struct entry *entry = &config->entries[e];
        int before = 0;
        for (int o = 0; o < config->count; o++)
            before += entry_is_swept(&config->entries[o]) &&
                      config->entries[o].appearance < entry->appearance;
        if (entry_is_swept(entry) && before == i)
            return entry;
    }
    return NULL;
}

int config_swept_count(const struct config *config)
{
    int count = 0;
    for (int i = 0; i < config->count; i++)
        count += entry_is_swept(&config->entries[i]);
    return count;
}

const char *config_swept_key(const struct config *config, int i)
{
    const struct entry *entry = swept_at(config, i);
    if (!entry)
        BUG("there is no swept key %d", i);
    return entry->setting->key;
}

static long zipped_count(const struct config *config, struct errors *errors)
{
    const struct entry *first = swept_at(config, 0);
    for (int i = 1; i < config_swept_count(config); i++) {
        const struct entry *entry = swept_at(config, i);
        if (entry->count != first->count) {
            errors_add(errors, "%s: zipped lists must be equally long: %s has %d values, %s has %d",
                       entry->values[0].where, first->setting->key, first->count,
                       entry->setting->key, entry->count);
            return -1;
        }
    }
    return first ? first->count : 1;
}

long config_point_count(const struct config *config, bool zip, struct errors *errors)
{
    if (zip)
        return zipped_count(config, errors);
    long product = 1;
    for (int i = 0; i < config->count; i++) {
        if (entry_is_swept(&config->entries[i]))
            product *= config->entries[i].count;
        if (product > MOST_POINTS) {
            errors_add(errors, "the sweep has more than %d points", MOST_POINTS);
            return -1;
        }
    }
    return product;
}

static void copy_value(struct entry *to, const struct value *value)
{
    struct value copy = *value;
    copy.text = memory_text("%s", value->text);
    copy.where = memory_text("%s", value->where);
    *vector_push(&to->values, &to->count, &to->room) = copy;
}

void config_amend(struct config *config, const char *key, const char *text)
{
    struct entry *entry = config_find(config, key);
    if (!entry || entry->setting->kind != SETTING_WORD || entry->count != 1)
        BUG("'%s' has no one text to amend", key);
    char *copy = memory_text("%s", text);
    free(entry->values[0].text);
    entry->values[0].text = copy;
}

/* Everything but the swept values. */
static struct config *copy_without_sweeps(const struct config *config)
{
    struct config *copy = memory_zeroed(1, sizeof *copy);
    copy->appearances = config->appearances;
    copy->keys = memory_zeroed((size_t)config->count, sizeof *copy->keys);
    for (int i = 0; i < config->count; i++) {
        const struct entry *from = &config->entries[i];
        struct entry *to = vector_push(&copy->entries, &copy->count, &copy->room);
        *to = *from;
        to->values = NULL;
        to->count = to->room = 0;
        for (int v = 0; v < from->count && !entry_is_swept(from); v++)
            copy_value(to, &from->values[v]);
        copy->keys[i] = from->setting->key;
    }
    return copy;
}

struct config *config_point(const struct config *config, long index, bool zip)
{
    struct config *point = copy_without_sweeps(config);
    for (int i = config_swept_count(config) - 1; i >= 0; i--) {
        const struct entry *entry = swept_at(config, i);
        long chosen = zip ? index : index % entry->count;
        copy_value(config_find(point, entry->setting->key), &entry->values[chosen]);
        index = zip ? index : index / entry->count;
    }
    return point;
}
