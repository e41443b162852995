/* `name:option=value,option=value`, `name:value` and `name:value:second`. */
#include "threadrack/base/memory.h"
#include "threadrack/config/config.h"

#include "inside.h"

#include <stdlib.h>
#include <string.h>

void member_release(struct member_text *member)
{
    for (int i = 0; i < member->count; i++) {
        free(member->keys[i]);
        free(member->values[i]);
    }
    free(member->keys);
    free(member->values);
    free(member->name);
    free(member->positional);
    free(member->second);
    *member = (struct member_text){0};
}

static void add_option(struct member_text *out, char *key, char *value)
{
    size_t bytes = (size_t)(out->count + 1) * sizeof(char *);
    out->keys = memory_resize(out->keys, bytes);
    out->values = memory_resize(out->values, bytes);
    out->keys[out->count] = key;
    out->values[out->count++] = value;
}

bool option_is_flag(const char *piece, int length)
{
    static const char *const flags[] = {"tied"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if ((int)strlen(flags[i]) == length && !strncmp(piece, flags[i], (size_t)length))
            return true;
    return false;
}

static bool parse_option(const char *piece, int length, const char *text, const char *where,
                         struct member_text *out, struct errors *errors)
{
    const char *equals = memchr(piece, '=', (size_t)length);
    bool flag = option_is_flag(piece, length);
    if (!flag && (!equals || equals == piece || equals + 1 == piece + length))
        return errors_add(errors, "%s: '%s': an option is written name=value, and not '%.*s'", where, text,
                          length, piece);
    int name = flag ? length : (int)(equals - piece);
    for (int i = 0; i < out->count; i++)
        if ((int)strlen(out->keys[i]) == name && !strncmp(out->keys[i], piece, (size_t)name))
            return errors_add(errors, "%s: '%s': the option '%s' is given twice", where, text,
                              out->keys[i]);
    add_option(out, memory_text("%.*s", name, piece),
               flag ? memory_text("on") : memory_text("%.*s", length - name - 1, equals + 1));
    return true;
}

static bool parse_options(const char *options, const char *text, const char *where,
                          struct member_text *out, struct errors *errors)
{
    bool good = true;
    for (const char *at = options;; at++) {
        int length = (int)strcspn(at, ",");
        good = parse_option(at, length, text, where, out, errors) && good;
        at += length;
        if (!*at)
            return good;
    }
}

bool member_parse(const char *text, const char *where, struct member_text *out,
                  struct errors *errors)
{
    *out = (struct member_text){0};
    int length = (int)strcspn(text, ":");
    const char *at = text + length;
    if (length == 0 || strcspn(text, "=,") < (size_t)length)
        return errors_add(errors, "%s: '%s': expected name or name:options", where, text);
    out->name = memory_text("%.*s", length, text);
    if (!*at)
        return true;
    at++;
    const char *end = at + strcspn(at, ":,");
    if (memchr(at, '=', (size_t)(end - at)) || option_is_flag(at, (int)(end - at)))
        return parse_options(at, text, where, out, errors);
    if (end == at)
        return errors_add(errors, "%s: '%s': nothing stands behind the colon", where, text);
    out->positional = memory_text("%.*s", (int)(end - at), at);
    if (!*end)
        return true;
    if (*end == ',')
        return parse_options(end + 1, text, where, out, errors);
    at = end + 1;
    end = at + strcspn(at, ",");
    if (end == at || memchr(at, ':', (size_t)(end - at)))
        return errors_add(errors, "%s: '%s': expected name:value:second", where, text);
    if (memchr(at, '=', (size_t)(end - at)))
        return parse_options(at, text, where, out, errors);
    out->second = memory_text("%.*s", (int)(end - at), at);
    return !*end || parse_options(end + 1, text, where, out, errors);
}
