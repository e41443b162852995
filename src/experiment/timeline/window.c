#include "window.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/units.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char *text, int *number)
{
    struct quantity quantity;
    char why[160];
    if (!units_parse(text, UNIT_COUNT, &quantity, why, sizeof why) || quantity.whole > INT_MAX)
        return false;
    *number = (int)quantity.whole;
    return true;
}

static bool parse_range(char *text, int *from, int *to)
{
    char *colon = strchr(text, ':');
    if (colon)
        *colon = 0;
    return parse_number(text, from) && parse_number(colon ? colon + 1 : text, to) && *from <= *to;
}

static bool add(struct window *window, const char *piece, int low, int high, bool strict,
                const char *what, const char *where, struct errors *errors)
{
    int from = low, to = high;
    char *copy = memory_text("%s", piece);
    bool good = !strcmp(piece, "all") || parse_range(copy, &from, &to);
    free(copy);
    if (!good || window->count == WINDOW_RANGES)
        return errors_add(errors,
                          "%s: expected a %s such as 5, a range such as 10:12, at most %d of them "
                          "joined by '+', or all",
                          where, what, WINDOW_RANGES);
    if (strict && (from < low || to > high))
        return errors_add(errors, "%s: this run has the %ss %d to %d", where, what, low, high);
    from = from < low ? low : from;
    to = to > high ? high : to;
    window->ranges[window->count].from = from;
    window->ranges[window->count++].to = to;
    return true;
}

bool window_parse(const char *text, int low, int high, bool strict, const char *what,
                  const char *where, struct window *window, struct errors *errors)
{
    char *copy = memory_text("%s", text), *rest = copy, *piece;
    bool good = true;
    window->count = 0;
    while (good && (piece = strsep(&rest, "+")))
        good = add(window, piece, low, high, strict, what, where, errors);
    free(copy);
    return good;
}

bool window_has(const struct window *window, int i)
{
    for (int r = 0; r < window->count; r++)
        if (i >= window->ranges[r].from && i <= window->ranges[r].to)
            return true;
    return false;
}

int window_count(const struct window *window, int low, int high)
{
    int count = 0;
    for (int i = low; i <= high; i++)
        count += window_has(window, i);
    return count;
}
