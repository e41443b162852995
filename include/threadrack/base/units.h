/* Quantities with units, as people write them: 5us, 25Gbit/s, 3.1GB/s, 80GiB, 100Gflop/s.
 *
 * A number that could be misread needs its unit. Decimal (k, M, G, T, P) and binary (Ki, Mi, Gi,
 * Ti) prefixes are distinct. `bps` is bits to some and bytes to others, so it is refused. Signs,
 * spaces before the unit, hexadecimal, nan, inf and leading zeros (010) are refused as well.
 */
#ifndef THREADRACK_BASE_UNITS_H
#define THREADRACK_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

enum unit {
    UNIT_COUNT,     /* a whole number, no unit; 12 */
    UNIT_REAL,      /* a number, no unit; 0.1, 1e-4 */
    UNIT_TIME,      /* ps: 5us; ps ns us ms s */
    UNIT_SIZE,      /* bytes: 64KiB; B and its prefixes */
    UNIT_BANDWIDTH, /* B/s: 10Gbit/s = 1.25GB/s */
    UNIT_FLOPS,     /* flop/s: 100Gflop/s */
    UNIT_BYTE_TIME  /* fs/B: 10ps/B; fs, ps, ns and us a byte */
};

/* A parsed quantity: `whole` is exact in the base unit (ps, bytes, B/s, flop/s, fs/B, or the count),
 * rounded half up; `real` the same as a double. For UNIT_REAL only `real` holds. */
struct quantity {
    uint64_t whole;
    double real;
};

/* Parses the whole of text. When it fails, `why` (of `room` bytes) says what was expected. */
bool units_parse(const char *text, enum unit unit, struct quantity *out, char *why, size_t room);
/* Whether it would parse but for a minus sign; there are no quantities below 0. */
bool units_is_negative(const char *text, enum unit unit);

/* What a value of the unit looks like, for messages and --help: "a time such as 5us". */
const char *units_example(enum unit unit);

/* Prints with the largest prefix that keeps it readable: "1.25GB/s", "5us". Parsing what it printed
 * gives the same value. Returns `out`. */
char *units_format(uint64_t whole, enum unit unit, char *out, size_t room);

#endif
