/* What a key that there is not may have been meant for. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

/* `batch-size` is batch_size. */
static const struct setting *of_other_name(const struct config *config, const char *word)
{
    const struct setting *found = NULL;
    char *name = memory_text("%s", word);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
    for (int i = 0; i < config->count && !found; i++) {
        const struct setting *setting = config->entries[i].setting;
        if (setting->also && choice_index(setting->also, name) >= 0)
            found = setting;
    }
    free(name);
    return found;
}

/* The first key that ends as in `link.bandwidth` of `cluster.link.bandwidth`. */
static const struct setting *of_ending(const struct config *config, const char *ending)
{
    size_t length = strlen(ending);
    for (int i = 0; i < config->count && length; i++) {
        const char *key = config->keys[i], *end = key + strlen(key);
        if (end > key + length && end[-(ptrdiff_t)length - 1] == '.' && !strcmp(end - length, ending))
            return config->entries[i].setting;
    }
    return NULL;
}

/* The first key below, as `mesh.data` of `mesh`. */
static const struct setting *of_beginning(const struct config *config, const char *beginning)
{
    size_t length = strlen(beginning);
    for (int i = 0; i < config->count && length; i++)
        if (!strncmp(config->keys[i], beginning, length) && config->keys[i][length] == '.')
            return config->entries[i].setting;
    return NULL;
}

static const struct setting *of_word(const struct config *config, const char *word)
{
    const struct entry *entry = config_find(config, word);
    return entry ? entry->setting : of_other_name(config, word);
}

static const char *say(const struct setting *setting)
{
    static _Thread_local char text[256];
    if (!setting)
        return " (threadrack list settings)";
    if (setting->fallback)
        snprintf(text, sizeof text, "; did you mean '%s', as in %s=%s?", setting->key, setting->key, setting->fallback);
    else
        snprintf(text, sizeof text, "; did you mean '%s'?", setting->key);
    return text;
}

const char *key_suggestion(const struct config *config, const char *key)
{
    const char *dot = strrchr(key, '.'), *last = dot ? dot + 1 : key;
    const struct setting *setting = of_other_name(config, key);
    setting = setting ? setting : of_word(config, last);
    setting = setting ? setting : of_ending(config, key);
    setting = setting ? setting : of_beginning(config, key);
    const char *near = setting ? "" : text_suggestion(key, config->keys, config->count);
    return *near ? near : say(setting ? setting : of_ending(config, last));
}
