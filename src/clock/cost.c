#include "threadrack/clock/cost.h"

#include "threadrack/base/text.h"

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
    const char *names[16];
    int count = 0;
    for (; compute_costs[count]; count++) {
        if (!strcmp(compute_costs[count]->name, name))
            return compute_costs[count];
        names[count] = compute_costs[count]->name;
    }
    errors_add(errors, "%s: no compute cost is called '%s'%s (threadrack list computes)", where,
               name, text_suggestion(name, names, count));
    return NULL;
}

uint64_t cost_scaled_ps(const struct device *device, uint64_t measured_ps)
{
    if (device->speed == 1.0)
        return measured_ps;
    return (uint64_t)floor((double)measured_ps / device->speed + 0.5);
}

uint64_t cost_ps(const struct cost_ops *cost, const struct device *device, const struct work *work)
{
    return cost_scaled_ps(device, cost->duration(device, work) + work->fixed_ps);
}
