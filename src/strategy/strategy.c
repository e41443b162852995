#include "threadrack/strategy/strategy.h"

#include "threadrack/base/text.h"

#include <string.h>

#define STRATEGY(name) extern const struct strategy strategy_##name;
#include "strategy.def"
#undef STRATEGY

const struct strategy *const strategies[] = {
#define STRATEGY(name) &strategy_##name,
#include "strategy.def"
#undef STRATEGY
    NULL};

const struct strategy *strategy_find(const char *name, const char *where, struct errors *errors)
{
    const char *names[32];
    int count = 0;
    for (; strategies[count]; count++) {
        if (!strcmp(strategies[count]->name, name))
            return strategies[count];
        names[count] = strategies[count]->name;
    }
    errors_add(errors, "%s: no strategy is called '%s'%s (threadrack list strategies)", where, name,
               text_suggestion(name, names, count));
    return NULL;
}
