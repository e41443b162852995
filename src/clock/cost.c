#include "threadrack/clock/cost.h"

#include "threadrack/base/family.h"

#include <math.h>
#include <string.h>

#define COST(name) extern const struct cost_ops cost_##name;
#include "cost.def"
#undef COST

const struct cost_ops *const compute_costs[] = {
#define COST(name) &cost_##name,
#include "cost.def"
#undef COST
    NULL};

const struct cost_ops *cost_find(const char *name, const char *where, struct errors *errors)
{
    return family_find(compute_costs, FAMILY_PLAIN, "compute cost", "computes", name, where, errors);
}

uint64_t cost_scaled_ps(const struct device *device, uint64_t measured_ps)
{
    if (device->speed == 1.0)
        return measured_ps;
    return (uint64_t)floor((double)measured_ps / device->speed + 0.5);
}

