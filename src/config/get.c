#include "inside.h"

#include "threadrack/base/text.h"

#include <string.h>

static const struct entry *find(const struct config *config, const char *key)
{
    const struct entry *entry = config_find(config, key);
    if (!entry)
        BUG("no table has the key '%s'", key);
    return entry;
}

/* The one value of a key, NULL when it has none. */
static const struct value *value_of(const struct config *config, const char *key)
{
    const struct entry *entry = find(config, key);
    if (entry->setting->kind == SETTING_LIST || entry->count > 1)
        BUG("'%s' was asked for as one value", key);
    return entry->count ? &entry->values[0] : NULL;
}

static const struct quantity *quantity_of(const struct config *config, const char *key)
{
    const struct value *value = value_of(config, key);
    if (!value || value->choice >= 0 || find(config, key)->setting->kind != SETTING_QUANTITY)
        BUG("'%s' was asked for as a number", key);
    return &value->quantity;
}

bool config_is_set(const struct config *config, const char *key)
{
    return find(config, key)->count > 0;
}

bool config_is_given(const struct config *config, const char *key)
{
    return find(config, key)->given;
}

enum source config_source(const struct config *config, const char *key)
{
    return find(config, key)->source;
}

const char *config_text(const struct config *config, const char *key)
{
    const struct value *value = value_of(config, key);
    return value ? value->text : NULL;
}

uint64_t config_whole(const struct config *config, const char *key)
{
    if (find(config, key)->setting->unit == UNIT_REAL)
        BUG("'%s' was asked for as a whole number", key);
    return quantity_of(config, key)->whole;
}

double config_real(const struct config *config, const char *key)
{
    return quantity_of(config, key)->real;
}

int config_choice(const struct config *config, const char *key)
{
    const struct value *value = value_of(config, key);
    if (!find(config, key)->setting->choices)
        BUG("'%s' was asked for as a choice", key);
    return value ? value->choice : -1;
}

bool config_on(const struct config *config, const char *key)
{
    const char *text = config_text(config, key);
    return text && !strcmp(text, "on");
}

int config_value_count(const struct config *config, const char *key)
{
    return find(config, key)->count;
}

static const struct value *value_at(const struct config *config, const char *key, int i)
{
    const struct entry *entry = find(config, key);
    if (i < 0 || i >= entry->count)
        BUG("'%s' has no value %d", key, i);
    return &entry->values[i];
}

const char *config_value(const struct config *config, const char *key, int i)
{
    return value_at(config, key, i)->text;
}

const char *config_value_where(const struct config *config, const char *key, int i)
{
    return value_at(config, key, i)->where;
}

int config_list_count(const struct config *config, const char *key)
{
    const struct entry *entry = find(config, key);
    if (entry->setting->kind != SETTING_LIST)
        BUG("'%s' was asked for as a list", key);
    return entry->count;
}

static const struct value *list_item(const struct config *config, const char *key, int i)
{
    if (i >= config_list_count(config, key))
        BUG("'%s' has no item %d", key, i);
    return value_at(config, key, i);
}

const char *config_list_item(const struct config *config, const char *key, int i)
{
    return list_item(config, key, i)->text;
}

const char *config_list_where(const struct config *config, const char *key, int i)
{
    return list_item(config, key, i)->where;
}

const char *config_where(const struct config *config, const char *key)
{
    const struct entry *entry = find(config, key);
    return entry->count ? entry->values[0].where : "default";
}

void config_each(const struct config *config,
                 void (*visit)(void *context, const struct setting *setting, const char *text,
                               enum source source),
                 void *context)
{
    for (int i = 0; i < config->count; i++) {
        const struct entry *entry = &config->entries[i];
        struct text joined = {0};
        for (int v = 0; v < entry->count; v++)
            text_add(&joined, "%s%s", v ? "," : "", entry->values[v].text);
        if (entry->count)
            visit(context, entry->setting, joined.bytes, entry->source);
        text_release(&joined);
    }
}
