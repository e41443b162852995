#include "units_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 wide;
enum { MOST_DIGITS = 20 };

const char *units_example(enum unit unit)
{
    static const char *const examples[] = {
        [UNIT_COUNT] = "a whole number such as 12",
        [UNIT_REAL] = "a number such as 0.1",
        [UNIT_TIME] = "a time such as 5us",
        [UNIT_SIZE] = "a size such as 64KiB",
        [UNIT_BANDWIDTH] = "a bandwidth such as 10Gbit/s or 1.25GB/s",
        [UNIT_FLOPS] = "a rate such as 100Gflop/s",
        [UNIT_BYTE_TIME] = "a time a byte such as 10ps/B",
    };
    return examples[unit];
}

/* The number in front: its digits without the point, how many stand behind it, and the rest. */
struct number {
    wide digits;
    int decimals;
    bool has_point;
    const char *rest;
};

static bool fail(char *why, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(char *why, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, room, format, arguments);
    va_end(arguments);
    return false;
}

/* Digits, and perhaps a point with digits behind it. Zeros at the fraction's end are not kept, so
 * that they do not count as digits. */
static bool read_number(const char *text, struct number *number)
{
    *number = (struct number){.rest = text};
    int significant = 0, zeros = 0;
    const char *c = text;
    if (c[0] == '0' && isdigit((unsigned char)c[1]))
        return false;
    for (; isdigit((unsigned char)*c) || (*c == '.' && !number->has_point && c > text); c++) {
        if (*c == '.') {
            number->has_point = true;
            continue;
        }
        if (number->has_point && *c == '0') {
            zeros++;
            continue;
        }
        int taken = (number->has_point ? zeros : 0) + 1;
        zeros = 0;
        for (; taken > 0; taken--) {
            number->digits = 10 * number->digits + (taken == 1 ? (wide)(*c - '0') : 0);
            number->decimals += number->has_point;
            significant += number->digits != 0;
            if (significant > MOST_DIGITS || number->decimals > MOST_DIGITS)
                return false;
        }
    }
    number->rest = c;
    return c > text && c[-1] != '.';
}

static bool parse_real(const char *text, struct quantity *out, char *why, size_t room)
{
    const char *c = text;
    bool good = isdigit((unsigned char)*c) && !(c[0] == '0' && isdigit((unsigned char)c[1]));
    c += strspn(c, "0123456789");
    if (*c == '.') {
        size_t decimals = strspn(c + 1, "0123456789");
        good = good && decimals > 0;
        c += 1 + decimals;
    }
    if (good && (*c == 'e' || *c == 'E')) {
        c += c[1] == '+' || c[1] == '-' ? 2 : 1;
        size_t digits = strspn(c, "0123456789");
        good = digits > 0;
        c += digits;
    }
    if (!good || *c)
        return fail(why, room, "expected %s", units_example(UNIT_REAL));
    errno = 0;
    *out = (struct quantity){.real = strtod(text, NULL)};
    if (errno == ERANGE)
        return fail(why, room, "is out of the range of a number");
    return true;
}

/* Whether `text` is a prefix that the measure takes, followed by its name. */
static const struct unit_prefix *prefix_of(const char *text, const struct unit_measure *measure)
{
    for (int i = 0; i < unit_prefix_count; i++) {
        const struct unit_prefix *prefix = &unit_prefixes[i];
        size_t length = strlen(prefix->name);
        bool taken = length == 0 || (prefix->binary ? measure->binary : measure->decimal);
        if (taken && !strncmp(text, prefix->name, length) && !strcmp(text + length, measure->name))
            return prefix;
    }
    return NULL;
}

static bool refuse_unit(const char *rest, enum unit unit, char *why, size_t room)
{
    if (!*rest)
        return fail(why, room, "needs a unit: expected %s", units_example(unit));
    if (unit == UNIT_BANDWIDTH && strstr(rest, "bps"))
        return fail(why, room, "'%.20s' could be bits or bytes: write bit/s or B/s", rest);
    if (isspace((unsigned char)*rest))
        return fail(why, room, "a space before the unit: expected %s", units_example(unit));
    if (*rest == 'K' && rest[1] != 'i')
        return fail(why, room, "'%.20s': write k for 1000 or Ki for 1024", rest);
    return fail(why, room, "unknown unit '%.20s': expected %s", rest, units_example(unit));
}

static bool scale(const struct number *number, uint64_t factor, uint64_t parts,
                  struct quantity *out, char *why, size_t room)
{
    wide divisor = parts;
    for (int i = 0; i < number->decimals; i++)
        divisor *= 10;
    wide whole = (2 * number->digits * factor + divisor) / (2 * divisor);
    if (whole > UINT64_MAX)
        return fail(why, room, "is too large");
    *out = (struct quantity){.whole = (uint64_t)whole, .real = (double)whole};
    return true;
}

static bool parse(const char *text, enum unit unit, struct quantity *out, char *why, size_t room)
{
    struct number number;
    *out = (struct quantity){0};
    if (unit == UNIT_REAL)
        return parse_real(text, out, why, room);
    if (!read_number(text, &number))
        return fail(why, room, "expected %s", units_example(unit));
    if (unit == UNIT_COUNT && (*number.rest || number.has_point))
        return fail(why, room, "expected %s", units_example(unit));
    /* Nothing is nothing in every unit. */
    if (unit == UNIT_COUNT || (number.digits == 0 && !*number.rest))
        return scale(&number, 1, 1, out, why, room);
    for (int i = 0; i < unit_measure_count; i++) {
        const struct unit_measure *measure = &unit_measures[i];
        const struct unit_prefix *prefix =
            measure->unit == unit ? prefix_of(number.rest, measure) : NULL;
        if (prefix)
            return scale(&number, measure->scale * prefix->scale, measure->parts, out, why, room);
    }
    return refuse_unit(number.rest, unit, why, room);
}

bool units_is_negative(const char *text, enum unit unit)
{
    char ignored[160];
    struct quantity out;
    return *text == '-' && parse(text + 1, unit, &out, ignored, sizeof ignored) && out.real > 0;
}

bool units_parse(const char *text, enum unit unit, struct quantity *out, char *why, size_t room)
{
    if (units_is_negative(text, unit))
        return fail(why, room, "is below 0: expected %s, of at least 0", units_example(unit));
    return parse(text, unit, out, why, room);
}
