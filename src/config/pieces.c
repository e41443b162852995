/* Cuts a command line's text into values: at commas, and a range into its points. */
#include "inside.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PIECES = 100000 };

static void add_piece(struct pieces *pieces, char *text)
{
    *vector_push(&pieces->texts, &pieces->count, &pieces->room) = text;
}

void pieces_release(struct pieces *pieces)
{
    for (int i = 0; i < pieces->count; i++)
        free(pieces->texts[i]);
    free(pieces->texts);
    *pieces = (struct pieces){0};
}

/* from:to:xfactor or from:to:+step, of a quantity. */
struct range {
    struct quantity from, to;
    bool multiply;
    long double by;
    enum unit unit;
};

static bool range_parse(const struct setting *setting, const char *text, struct range *range,
                        char *why, size_t room)
{
    char from[64], to[64], by[64];
    int end = 0;
    *range = (struct range){.unit = setting->unit};
    if (sscanf(text, "%63[^:]:%63[^:]:%63[^:]%n", from, to, by, &end) != 3 || text[end] ||
        (by[0] != 'x' && by[0] != '+')) {
        snprintf(why, room, "a range is from:to:xfactor or from:to:+step, as in 1:64:x2");
        return false;
    }
    range->multiply = by[0] == 'x';
    struct quantity change;
    enum unit by_unit = range->multiply ? UNIT_REAL : setting->unit;
    if (!units_parse(from, setting->unit, &range->from, why, room) ||
        !units_parse(to, setting->unit, &range->to, why, room) ||
        !units_parse(by + 1, by_unit, &change, why, room))
        return false;
    range->by = by_unit == UNIT_REAL ? (long double)change.real : (long double)change.whole;
    if (range->from.real > range->to.real)
        snprintf(why, room, "a range goes upwards");
    else if (range->multiply ? range->by <= 1 || range->from.real <= 0 : range->by <= 0)
        snprintf(why, room, "the range would never end");
    else
        return true;
    return false;
}

static char *range_text(long double value, enum unit unit)
{
    char text[64];
    if (unit == UNIT_REAL)
        snprintf(text, sizeof text, "%.12Lg", value);
    else
        units_format((uint64_t)value, unit, text, sizeof text);
    return memory_text("%s", text);
}

/* Whole quantities are rounded at each point, so points that round to one value are one point. */
static bool range_expand(const struct range *range, struct pieces *pieces)
{
    bool real = range->unit == UNIT_REAL;
    long double from = real ? (long double)range->from.real : (long double)range->from.whole;
    long double to = real ? (long double)range->to.real * (1 + 1e-9L) : (long double)range->to.whole;
    long double last = -1;
    for (long i = 0;; i++) {
        long double exact = range->multiply ? from * powl(range->by, (long double)i)
                                            : from + range->by * (long double)i;
        long double value = real ? exact : roundl(exact);
        if (value > to)
            return true;
        if (i > MOST_PIECES || pieces->count > MOST_PIECES)
            return false;
        if (value != last)
            add_piece(pieces, range_text(value, range->unit));
        last = value;
    }
}

/* Whether the piece is the next option of the member before it: a name, then '=', or a flag. */
static bool continues(const char *piece)
{
    size_t name = strspn(piece, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    bool ends = piece[name] == ',' || !piece[name];
    return (name > 0 && piece[name] == '=') || (ends && option_is_flag(piece, (int)name));
}

static const char *piece_end(const struct setting *setting, const char *value)
{
    const char *comma = strchr(value, ',');
    while (comma && (continues(comma + 1) ||
                     (setting->continues && setting->continues(value, comma + 1))))
        comma = strchr(comma + 1, ',');
    return comma ? comma : value + strlen(value);
}

static bool split_range(const struct setting *setting, const char *text, const char *where,
                        struct pieces *pieces, struct errors *errors)
{
    struct range range;
    char why[160];
    if (!range_parse(setting, text, &range, why, sizeof why))
        return errors_add(errors, "%s: '%s': %s", where, text, why);
    if (!range_expand(&range, pieces))
        return errors_add(errors, "%s: '%s': more than %d values", where, text, MOST_PIECES);
    return true;
}

bool pieces_split(const struct setting *setting, const char *text, const char *where,
                  struct pieces *pieces, struct errors *errors)
{
    bool good = true;
    for (const char *at = text;;) {
        const char *end = piece_end(setting, at);
        char *piece = memory_text("%.*s", (int)(end - at), at);
        if (setting->kind == SETTING_QUANTITY && strchr(piece, ':')) {
            good = split_range(setting, piece, where, pieces, errors) && good;
            free(piece);
        } else {
            add_piece(pieces, piece);
        }
        if (!*end)
            return good;
        at = end + 1;
    }
}
