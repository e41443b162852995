#include "compressors/compressors.h"

#include "threadrack/base/family.h"
#include "threadrack/base/units.h"
#include "threadrack/config/config.h"

#include <math.h>

const struct compressor_ops *const compressors[] = {
#define COMPRESSOR(name) &compressor_##name,
#include "compressor.def"
#undef COMPRESSOR
    NULL};

bool compressor_read_ratio(struct compressor *compressor, const char *key, const char *value,
                           const char *where, struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (strcmp(key, "ratio"))
        return false;
    if (!units_parse(value, UNIT_REAL, &quantity, why, sizeof why))
        return errors_add(errors, "%s: ratio=%s: %s", where, value, why);
    compressor->ratio = quantity.real;
    return (quantity.real > 0 && quantity.real <= 1) ||
           errors_add(errors, "%s: ratio=%s: expected a number above 0, at most 1", where, value);
}

bool compressor_read_feedback(struct compressor *compressor, const char *key, const char *value,
                              const char *where, struct errors *errors)
{
    if (strcmp(key, "feedback"))
        return false;
    compressor->feedback = !strcmp(value, "on");
    return compressor->feedback || !strcmp(value, "off") ||
           errors_add(errors, "%s: feedback=%s: expected on or off", where, value);
}

size_t compressor_kept(const struct compressor *compressor, size_t count)
{
    /* 0.01 * 100 is a little more than 1 in binary, and means 1. */
    size_t kept = (size_t)ceil(compressor->ratio * (double)count - 1e-6);
    return kept < 1 ? 1 : kept > count ? count : kept;
}

static bool read_options(struct compressor *compressor, const struct member_text *member,
                         const char *where, struct errors *errors)
{
    const struct compressor_ops *ops = compressor->ops;
    const char *options = *ops->options ? ops->options : "none";
    int before = errors->count;
    if (member->positional)
        errors_add(errors, "%s: compressor %s: expected options such as %s", where, ops->name, options);
    for (int i = 0; i < member->count && errors->count == before; i++)
        if ((!ops->read || !ops->read(compressor, member->keys[i], member->values[i], where, errors)) &&
            errors->count == before)
            errors_add(errors, "%s: compressor %s has no option '%s'; it has: %s", where, ops->name,
                       member->keys[i], options);
    return errors->count == before;
}

bool compressor_parse(struct compressor *compressor, const char *text, const char *where,
                      struct errors *errors)
{
    struct member_text member;
    *compressor = (struct compressor){.ratio = 0.01, .bits = 4, .rank = 4};
    compressor->ops =
        family_find(compressors, FAMILY_WITH_OPTIONS, "compressor", "compressors", text, where, errors);
    if (!compressor->ops)
        return false;
    compressor->feedback = compressor->ops->feedback;
    bool good = member_parse(text, where, &member, errors) &&
                read_options(compressor, &member, where, errors);
    member_release(&member);
    return good;
}
