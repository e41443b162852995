#include "options.h"

#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/config/config.h"

#include <string.h>

enum { MOST_OPTIONS = 16 };

static bool read_switch(const struct option *option, const char *text, const char *where,
                        double *value, struct errors *errors)
{
    *value = !strcmp(text, "on");
    return *value != 0 || !strcmp(text, "off") ||
           errors_add(errors, "%s: %s=%s: expected on or off", where, option->name, text);
}

static bool read_value(const struct option *option, const char *text, const char *where,
                       double *value, struct errors *errors)
{
    char why[128];
    struct quantity quantity;
    enum unit unit = option->kind == OPTION_COUNT ? UNIT_COUNT : UNIT_REAL;
    if (option->kind == OPTION_SWITCH)
        return read_switch(option, text, where, value, errors);
    if (!units_parse(text, unit, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s%s", where, option->name, text, why,
                          strchr(text, ':') ? "; a comma stands between options" : "");
    *value = quantity.real;
    return (quantity.real >= option->least && quantity.real <= option->most) ||
           errors_add(errors, "%s: %s=%s: expected a number from %.15g to %.15g", where, option->name,
                      text, option->least, option->most);
}

static bool read_option(const struct option *table, const struct member_text *member, int i,
                        const char *where, double *values, struct errors *errors)
{
    const char *names[MOST_OPTIONS], *key = member->keys[i];
    int count = 0;
    for (; table[count].name; count++) {
        if (!strcmp(key, table[count].name))
            return read_value(&table[count], member->values[i], where, &values[count], errors);
        names[count] = table[count].name;
    }
    return errors_add(errors, "%s: %s has no option '%s'%s", where, member->name, key,
                      text_alternatives(key, names, count));
}

bool options_read(const struct option *table, const char *text, const char *all, const char *where,
                  double *values, struct errors *errors)
{
    struct member_text member;
    for (int i = 0; table[i].name; i++)
        values[i] = table[i].fallback;
    bool good = member_parse(text, where, &member, errors);
    if (good && (member.positional || member.second))
        good = errors_add(errors, "%s: '%s': an option is written name=value, as in %s:%s", where,
                          member.positional, member.name, all);
    for (int i = 0; i < member.count; i++)
        good = read_option(table, &member, i, where, values, errors) && good;
    member_release(&member);
    return good;
}
