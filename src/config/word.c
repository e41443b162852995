/* The command line's key=value. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Nothing at all is told as an empty value is. */
static bool add_piece(struct entry *entry, const struct pieces *pieces, int i, const char *where, struct errors *errors)
{
    if (pieces->count > 1 && !*pieces->texts[i])
        return errors_add(errors, "%s: expected a value on either side of a comma", where);
    char *place = memory_text("command line: %s=%s", entry->setting->key, pieces->texts[i]);
    bool good = entry_add(entry, pieces->texts[i], place, "", true, errors);
    free(place);
    return good;
}

static bool set_entry(struct config *config, struct entry *entry, const char *text,
                      struct errors *errors)
{
    const char *key = entry->setting->key;
    char *where = memory_text("command line: %s=%s", key, text);
    struct pieces pieces = {0};
    if (*text == '[') {
        errors_add(errors, "%s: a list has no brackets here, as in %s=1,2,4", where, key);
        free(where);
        return false;
    }
    bool good = entry_begin(config, entry, SOURCE_COMMAND_LINE, where, errors) == GIVING_TAKEN &&
                pieces_split(entry->setting, text, where, &pieces, errors);
    for (int i = 0; i < pieces.count; i++)
        good = add_piece(entry, &pieces, i, where, errors) && good;
    pieces_release(&pieces);
    free(where);
    return good;
}

bool config_set(struct config *config, const char *word, struct errors *errors)
{
    const char *equals = strchr(word, '=');
    if (!equals)
        return errors_add(errors, "command line: '%s': expected key=value%s", word,
                          text_suggestion(word, config->keys, config->count));
    char *key = memory_text("%.*s", (int)(equals - word), word);
    struct entry *entry = config_find_named(config, key);
    bool good = entry && set_entry(config, entry, equals + 1, errors);
    if (!entry)
        errors_add(errors, "command line: %s: unknown key '%s'%s", word, key,
                   key_suggestion(config, key));
    free(key);
    return good;
}
