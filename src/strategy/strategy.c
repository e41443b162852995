#include "threadrack/strategy/strategy.h"

#include "threadrack/base/family.h"

#include <string.h>

#define STRATEGY(name) extern const struct strategy strategy_##name;
#include "strategy.def"
#undef STRATEGY

const struct strategy *const strategies[] = {
#define STRATEGY(name) &strategy_##name,
#include "strategy.def"
#undef STRATEGY
    NULL};

const struct strategy *const workloads[] = {
#define STRATEGY(name) &strategy_##name,
#include "strategy.def"
#undef STRATEGY
    &strategy_replay, NULL};

const struct strategy *strategy_find(const char *name, const char *where, struct errors *errors)
{
    return family_find(workloads, FAMILY_PLAIN, "strategy", "strategies", name, where, errors);
}
