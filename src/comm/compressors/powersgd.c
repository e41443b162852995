/* Two thin factors instead of each matrix of gradients (../lowrank.h has the exchange). */
#include "compressors.h"

#include "threadrack/base/units.h"

static bool read(struct compressor *compressor, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (strcmp(key, "rank"))
        return compressor_read_feedback(compressor, key, value, where, errors);
    if (!units_parse(value, UNIT_COUNT, &quantity, why, sizeof why))
        return errors_add(errors, "%s: rank=%s: %s", where, value, why);
    compressor->rank = (int)quantity.whole;
    return (quantity.whole >= 1 && quantity.whole <= 1 << 16) ||
           errors_add(errors, "%s: rank=%s: expected a whole number from 1 to 65536", where, value);
}

const struct compressor_ops compressor_powersgd = {
    .name = "powersgd",
    .summary = "each matrix as two factors of a low rank, all-reduced one after the other",
    .options = "rank=4,feedback=on|off",
    .read = read,
    .feedback = true,
    .low_rank = true,
};
