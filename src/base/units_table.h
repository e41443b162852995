/* What stands behind a number: a prefix multiplies, and a measure is worth scale / parts of its
 * unit's base. */
#ifndef THREADRACK_SRC_BASE_UNITS_TABLE_H
#define THREADRACK_SRC_BASE_UNITS_TABLE_H

#include "threadrack/base/units.h"

struct unit_prefix {
    const char *name;
    uint64_t scale;
    bool binary;
};
extern const struct unit_prefix unit_prefixes[]; /* ascending among the decimal, and the binary */
extern const int unit_prefix_count;

struct unit_measure {
    enum unit unit;
    const char *name;
    uint64_t scale, parts;
    bool decimal, binary; /* which prefixes it takes */
};
extern const struct unit_measure unit_measures[]; /* ascending by scale within a unit */
extern const int unit_measure_count;

#endif
