#include "threadrack/clock/cost.h"

#include "threadrack/base/family.h"

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
