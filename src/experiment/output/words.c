#include "table.h"

#include <math.h>

enum { SLOTS = 4, SLOT_SIZE = 32 };

/* A few buffers in turn, so that one printf can use several words. */
static char *slot(void)
{
    static _Thread_local char slots[SLOTS][SLOT_SIZE];
    static _Thread_local unsigned next;
    return slots[next++ % SLOTS];
}

struct time_unit time_unit_for(double smallest_s)
{
    static const struct time_unit units[] = {
        {"s", 1}, {"ms", 1e3}, {"us", 1e6}, {"ns", 1e9}, {"ps", 1e12}};
    int last = (int)(sizeof units / sizeof *units) - 1, i = 0;
    while (i < last && smallest_s > 0 && smallest_s * units[i].per_second < 1)
        i++;
    return units[i];
}

const char *time_words(double seconds)
{
    struct time_unit unit = time_unit_for(seconds);
    char *out = slot();
    if (isnan(seconds))
        return "-";
    snprintf(out, SLOT_SIZE, "%.4g %s", seconds * unit.per_second, unit.name);
    return out;
}

const char *share_words(double share)
{
    char *out = slot();
    if (isnan(share))
        return "-";
    snprintf(out, SLOT_SIZE, "%.1f %%", 100 * share);
    return out;
}

const char *number_words(double value, int decimals)
{
    char *out = slot();
    if (isnan(value))
        return "-";
    snprintf(out, SLOT_SIZE, "%.*f", decimals, value);
    return out;
}
