/* Checks one text against its setting. */
#include "inside.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_WORDS = 64 };

int choice_words(const char *choices, const char **words, int room, char **storage)
{
    int count = 0;
    char *state;
    *storage = memory_text("%s", choices);
    for (char *word = strtok_r(*storage, "|", &state); word && count < room;
         word = strtok_r(NULL, "|", &state))
        words[count++] = word;
    return count;
}

int choice_index(const char *choices, const char *word)
{
    const char *words[MOST_WORDS];
    char *storage;
    int found = -1, count = choice_words(choices, words, MOST_WORDS, &storage);
    for (int i = 0; i < count; i++)
        if (!strcmp(words[i], word))
            found = i;
    free(storage);
    return found;
}

/* What switches are elsewhere. */
static const char *switch_for(const char *text)
{
    static const char *const on[] = {"true", "yes", "1"}, *const off[] = {"false", "no", "0"};
    for (int i = 0; i < 3; i++)
        if (!strcasecmp(text, on[i]) || !strcasecmp(text, off[i]))
            return strcasecmp(text, on[i]) ? "off" : "on";
    return text;
}

/* "expected one of star, ring; did you mean 'ring'?" */
static void explain_choice(const char *choices, const char *text, const char *begin,
                           struct text *why)
{
    const char *words[MOST_WORDS];
    char *storage;
    int count = choice_words(choices, words, MOST_WORDS, &storage);
    text_add(why, "%s", begin);
    text_add_list(why, words, count, "or");
    bool switches = choice_index(choices, "on") >= 0 && choice_index(choices, "off") >= 0;
    text_add(why, "%s", text_suggestion(switches ? switch_for(text) : text, words, count));
    free(storage);
}

static void format_bound(double bound, enum unit unit, char *out, size_t room)
{
    if (unit == UNIT_REAL)
        snprintf(out, room, "%.12g", bound);
    else
        units_format(bound >= 0x1p64 ? UINT64_MAX : (uint64_t)bound, unit, out, room);
}

static bool check_range(const struct setting *setting, struct quantity quantity, struct text *why)
{
    if (quantity.real >= setting->low && quantity.real <= setting->high)
        return true;
    char low[64], high[64];
    format_bound(setting->low, setting->unit, low, sizeof low);
    format_bound(setting->high, setting->unit, high, sizeof high);
    text_add(why, "is outside %s to %s", low, high);
    return false;
}

static bool check_quantity(const struct setting *setting, struct value *value, struct text *why)
{
    char reason[160];
    if (setting->choices && (value->choice = choice_index(setting->choices, value->text)) >= 0)
        return true;
    if (units_parse(value->text, setting->unit, &value->quantity, reason, sizeof reason))
        return check_range(setting, value->quantity, why);
    if (units_is_negative(value->text, setting->unit))
        return check_range(setting, (struct quantity){.real = -1}, why);
    text_add(why, "%s", reason);
    if (setting->choices)
        explain_choice(setting->choices, value->text, ", or ", why);
    return false;
}

static bool check_text(const char *text, struct text *why)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 127) {
            text_add(why, "has a control character in it");
            return false;
        }
    return true;
}

static bool check(const struct setting *setting, struct value *value, struct text *why)
{
    value->choice = -1;
    if (!*value->text) {
        text_add(why, "is empty: expected %s",
                 setting->kind == SETTING_QUANTITY ? units_example(setting->unit) : "a value");
        return false;
    }
    if (!check_text(value->text, why))
        return false;
    if (setting->kind == SETTING_QUANTITY)
        return check_quantity(setting, value, why);
    if (setting->kind != SETTING_CHOICE)
        return true;
    value->choice = choice_index(setting->choices, value->text);
    if (value->choice < 0)
        explain_choice(setting->choices, value->text, "expected ", why);
    return value->choice >= 0;
}

/* A message shows at most so many bytes of a value. */
enum { SHOWN = 80 };

bool entry_add(struct entry *entry, const char *text, const char *where, const char *subject,
               bool take, struct errors *errors)
{
    struct value value = {.text = memory_text("%s", text), .where = memory_text("%s", where)};
    struct text why = {0};
    bool good = check(entry->setting, &value, &why);
    if (!good && *subject)
        errors_add(errors, "%s: %s: '%.*s': %s", where, subject, SHOWN, text, why.bytes);
    else if (!good)
        errors_add(errors, "%s: %s", where, why.bytes);
    text_release(&why);
    if (good && take) {
        *vector_push(&entry->values, &entry->count, &entry->room) = value;
    } else {
        free(value.text);
        free(value.where);
    }
    return good;
}
