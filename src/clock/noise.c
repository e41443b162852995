#include "noise.h"

#include "threadrack/base/family.h"
#include "threadrack/base/units.h"
#include "threadrack/config/config.h"

#include <math.h>
#include <string.h>

const struct noise_ops *const noises[] = {
#define NOISE(name) &noise_##name,
#include "noise.def"
#undef NOISE
    NULL};

bool noise_number(double *to, double least, double most, const char *key, const char *value,
                  const char *where, struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (!units_parse(value, UNIT_REAL, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
    *to = quantity.real;
    return (quantity.real >= least && quantity.real <= most) ||
           errors_add(errors, "%s: %s=%s: expected a number from %.15g to %.15g", where, key, value, least,
                      most);
}

bool noise_time(uint64_t *to_ps, const char *key, const char *value, const char *where,
                struct errors *errors)
{
    struct quantity quantity;
    char why[128];
    if (!units_parse(value, UNIT_TIME, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
    *to_ps = quantity.whole;
    return (quantity.whole > 0 && quantity.whole <= (uint64_t)1e15) ||
           errors_add(errors, "%s: %s=%s: expected a time from 1ps to 1000s", where, key, value);
}

uint64_t noise_scaled(uint64_t duration_ps, double factor)
{
    double scaled = floor((double)duration_ps * factor + 0.5);
    return scaled < 1 ? 1 : scaled > 1e18 ? (uint64_t)1e18 : (uint64_t)scaled;
}

static bool read_options(struct noise *noise, const struct member_text *member, const char *where,
                         struct errors *errors)
{
    int before = errors->count;
    if (member->positional)
        errors_add(errors, "%s: noise %s: expected options such as %s", where, noise->ops->name,
                   *noise->ops->options ? noise->ops->options : "none");
    for (int i = 0; i < member->count; i++)
        if (!noise->ops->read || !noise->ops->read(noise, member->keys[i], member->values[i], where,
                                                   errors)) {
            if (errors->count == before)
                errors_add(errors, "%s: noise %s has no option '%s'; it has: %s", where,
                           noise->ops->name, member->keys[i],
                           *noise->ops->options ? noise->ops->options : "none");
            break;
        }
    return errors->count == before;
}

bool noise_parse(struct noise *noise, const char *text, uint64_t seed, const char *where,
                 struct errors *errors)
{
    struct member_text member;
    *noise = (struct noise){.sigma = 0.1, .alpha = 3, .period_ps = 1000000000, .length_ps = 25000000,
                            .seed = seed};
    noise->ops = family_find(noises, FAMILY_WITH_OPTIONS, "noise", "noises", text, where, errors);
    if (!noise->ops)
        return false;
    bool good = member_parse(text, where, &member, errors) &&
                read_options(noise, &member, where, errors);
    member_release(&member);
    if (good && noise->length_ps >= noise->period_ps)
        return errors_add(errors, "%s: a detour must be shorter than its period", where);
    return good;
}
