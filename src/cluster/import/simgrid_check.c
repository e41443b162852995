/* Every element and attribute of the file is held against the format's words, before it is read. */
#include "simgrid.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

enum meaning { READ, MUST, HARMLESS, CHANGES };

static const struct word {
    const char *element, *attribute;
    enum meaning meaning;
    const char *why;
} words[] = {
#define WORD(element, attribute, meaning, why) {element, attribute, meaning, why},
#include "simgrid_words.def"
#undef WORD
};
enum { WORDS = sizeof words / sizeof *words };

const char *simgrid_get(const struct element *element, const char *name)
{
    for (int i = 0; i < element->attribute_count; i++)
        if (!strcmp(element->attributes[i].name, name))
            return element->attributes[i].value;
    return "";
}

bool simgrid_say(struct simgrid *reading, const struct element *element, const char *format, ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return errors_add(reading->errors, "%s:%d: <%.40s>: %s", reading->path, element->line,
                      element->name, what);
}

static void remark(struct simgrid *reading, const struct element *element, const char *attribute,
                   const char *why)
{
    char *what = memory_text("<%s%s%s> has no effect: %s", element->name, *attribute ? " " : "",
                             attribute, why);
    remarks_add(reading->remarks, reading->path, element->line, what);
    free(what);
}

/* A word's row; with attribute NULL, any row of the element. */
static const struct word *find(const char *element, const char *attribute)
{
    for (int i = 0; i < WORDS; i++)
        if (!strcmp(words[i].element, element) &&
            (!attribute || !strcmp(words[i].attribute, attribute)))
            return &words[i];
    return NULL;
}

static bool say_unknown(struct simgrid *reading, const struct element *element, const char *word,
                        bool is_attribute)
{
    const char *known[WORDS];
    int count = 0;
    for (int i = 0; i < WORDS; i++)
        if (!is_attribute || !strcmp(words[i].element, element->name))
            known[count++] = is_attribute ? words[i].attribute : words[i].element;
    return simgrid_say(reading, element, "the %s '%.40s' is not understood%s",
                       is_attribute ? "attribute" : "element", word,
                       text_suggestion(word, known, count));
}

static bool check_attributes(struct simgrid *reading, const struct element *element)
{
    bool good = true;
    for (int i = 0; i < element->attribute_count; i++) {
        const struct attribute *attribute = &element->attributes[i];
        const struct word *word = find(element->name, attribute->name);
        if (!word)
            good = say_unknown(reading, element, attribute->name, true);
        else if (word->meaning == CHANGES && *attribute->value)
            good = simgrid_say(reading, element, "%s: %s", attribute->name, word->why);
        else if (word->meaning == HARMLESS && *attribute->value)
            remark(reading, element, attribute->name, word->why);
    }
    for (int i = 0; i < WORDS; i++) {
        bool there = false;
        for (int j = 0; j < element->attribute_count; j++)
            there = there || !strcmp(element->attributes[j].name, words[i].attribute);
        if (!strcmp(words[i].element, element->name) && words[i].meaning == MUST && !there)
            good = simgrid_say(reading, element, "expected the attribute %s", words[i].attribute);
    }
    return good;
}

/* Properties belong to plugins and to SimGrid's own options; none of them is read. */
static void remark_properties(struct simgrid *reading, const struct element *element)
{
    for (int i = 0; i < element->count; i++) {
        const struct element *prop = &element->children[i];
        char *what = memory_text("<%s> %.60s=%.60s is not read%s", element->name,
                                 simgrid_get(prop, "id"), simgrid_get(prop, "value"),
                                 strcmp(element->name, "config")
                                     ? "" : "; the experiment's netmodel says how links are shared");
        if (!strcmp(prop->name, "prop"))
            remarks_add(reading->remarks, reading->path, prop->line, what);
        free(what);
    }
}

bool simgrid_check(struct simgrid *reading, const struct element *element)
{
    const struct word *word = find(element->name, NULL);
    if (!word)
        return say_unknown(reading, element, element->name, false);
    if (!*word->attribute && word->meaning == CHANGES)
        return simgrid_say(reading, element, "%s", word->why);
    if (!*word->attribute) {
        remark(reading, element, "", word->why);
        return true;
    }
    bool good = check_attributes(reading, element);
    remark_properties(reading, element);
    for (int i = 0; i < element->count; i++)
        good = simgrid_check(reading, &element->children[i]) && good;
    return good;
}
