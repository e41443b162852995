#include "units_table.h"

#include <stdio.h>
#include <string.h>

/* Powers of ten divide exactly in decimals, so nothing is lost. */
static void write_decimal(uint64_t whole, uint64_t factor, const char *prefix, const char *name,
                          char *out, size_t room)
{
    char decimals[24] = "";
    uint64_t fraction = whole % factor;
    if (fraction) {
        /* The factor's own one keeps the zeros in front; the point takes its place. */
        snprintf(decimals, sizeof decimals, "%llu", (unsigned long long)(factor + fraction));
        decimals[0] = '.';
        for (char *end = decimals + strlen(decimals); end[-1] == '0'; end--)
            end[-1] = 0;
    }
    snprintf(out, room, "%llu%s%s%s", (unsigned long long)(whole / factor), decimals, prefix, name);
}

/* 64KiB rather than 65.536kB. */
static void shorten_binary(uint64_t whole, const char *name, char *out, size_t room)
{
    for (int i = 0; i < unit_prefix_count; i++) {
        const struct unit_prefix *prefix = &unit_prefixes[i];
        char binary[40];
        if (!prefix->binary || whole == 0 || whole % prefix->scale)
            continue;
        snprintf(binary, sizeof binary, "%llu%s%s", (unsigned long long)(whole / prefix->scale),
                 prefix->name, name);
        if (strlen(binary) < strlen(out))
            snprintf(out, room, "%s", binary);
    }
}

/* The largest measure of the unit that is worth no more than `whole`, else the smallest. */
static const struct unit_measure *measure_for(uint64_t whole, enum unit unit)
{
    const struct unit_measure *best = NULL;
    for (int i = 0; i < unit_measure_count; i++) {
        const struct unit_measure *measure = &unit_measures[i];
        if (measure->unit == unit && measure->parts == 1 && (!best || measure->scale <= whole))
            best = measure;
    }
    return best;
}

char *units_format(uint64_t whole, enum unit unit, char *out, size_t room)
{
    const struct unit_measure *measure = measure_for(whole, unit);
    uint64_t factor = measure ? measure->scale : 1;
    const char *prefix = "", *name = measure ? measure->name : "";
    for (int i = 0; i < unit_prefix_count && measure && measure->decimal; i++)
        if (!unit_prefixes[i].binary && unit_prefixes[i].scale <= whole) {
            factor = unit_prefixes[i].scale;
            prefix = unit_prefixes[i].name;
        }
    write_decimal(whole, factor, prefix, name, out, room);
    if (unit == UNIT_SIZE)
        shorten_binary(whole, name, out, room);
    return out;
}
