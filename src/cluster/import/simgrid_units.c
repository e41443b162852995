#include "import.h"

#include <stdlib.h>
#include <string.h>

struct scale {
    const char *unit;
    long double factor;
};

/* The number, times what its unit stands for; false when either is none. */
static bool read(const char *text, const struct scale *units, long double *out)
{
    char *end;
    if (strspn(text, "+-.0123456789eE") == 0)
        return false;
    *out = strtold(text, &end);
    for (; units->unit; units++)
        if (end != text && !strcmp(end, units->unit)) {
            *out *= units->factor;
            return *out >= 0 && *out < 1e24L; /* nan is neither */
        }
    return false;
}

/* The number behind a prefix: `unit` with "k" to "E", or "Ki" to "Ei", before it. */
static bool read_prefixed(const char *text, const char *unit, long double factor, long double *out)
{
    static const char letters[] = "kMGTPEZY";
    char whole[64];
    size_t length = strlen(text), tail = strlen(unit);
    if (length <= tail || length >= sizeof whole || strcmp(text + length - tail, unit))
        return false;
    snprintf(whole, sizeof whole, "%.*s", (int)(length - tail), text);
    length = strlen(whole);
    bool binary = length > 2 && whole[length - 1] == 'i';
    length -= binary;
    const char *letter = length > 1 ? strchr(letters, whole[length - 1]) : NULL;
    const char *kilo = binary && whole[length - 1] == 'K' ? letters : letter;
    if (binary && (!kilo || whole[length - 1] == 'k'))
        return false;
    whole[kilo ? length - 1 : length] = 0;
    for (int i = 0; kilo && i <= kilo - letters; i++)
        factor *= binary ? 1024 : 1000;
    static const struct scale plain[] = {{"", 1}, {0}};
    if (!read(whole, plain, out))
        return false;
    *out *= factor;
    return *out < 1e24L;
}

bool simgrid_time(const char *text, uint64_t *ps)
{
    static const struct scale units[] = {
        {"", 1e12L},   {"s", 1e12L},  {"ms", 1e9L},     {"us", 1e6L},       {"ns", 1e3L}, {"ps", 1},
        {"m", 6e13L},  {"h", 36e14L}, {"d", 864e14L},   {"w", 6048e14L},    {0}};
    long double value;
    if (!read(text, units, &value) || value > 1e15L)
        return false;
    *ps = (uint64_t)(value + 0.5L);
    return true;
}

bool simgrid_bandwidth(const char *text, uint64_t *Bps)
{
    static const struct scale plain[] = {{"", 1}, {0}};
    long double value;
    if (!read(text, plain, &value) && !read_prefixed(text, "Bps", 1, &value) &&
        !read_prefixed(text, "bps", 0.125L, &value))
        return false;
    *Bps = value <= 1e18L ? (uint64_t)(value + 0.5L) : 0;
    return *Bps >= 1;
}

bool simgrid_speed(const char *text, double *flops)
{
    static const struct scale words[] = {
        {"", 1},           {"flops", 1},       {"kiloflops", 1e3L}, {"megaflops", 1e6L},
        {"gigaflops", 1e9L}, {"teraflops", 1e12L}, {"petaflops", 1e15L}, {"exaflops", 1e18L}, {0}};
    long double value;
    if (!read(text, words, &value) && !read_prefixed(text, "f", 1, &value))
        return false;
    *flops = (double)value;
    return *flops >= 1 && *flops <= 1e18;
}
