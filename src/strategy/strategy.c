#include "threadrack/strategy/strategy.h"

#include "threadrack/base/family.h"

#include <string.h>
#include <strings.h>

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

/* What other programs and papers call them. */
static const struct {
    const char *word, *here;
} elsewhere[] = {{"ddp", "strategy=data"},
                 {"dp", "strategy=data"},
                 {"data_parallel", "strategy=data"},
                 {"fsdp", "strategy=data zero=3"},
                 {"zero", "strategy=data zero=1"},
                 {"tp", "strategy=tensor"},
                 {"tensor_parallel", "strategy=tensor"},
                 {"megatron", "strategy=tensor"},
                 {"pp", "strategy=pipeline"},
                 {"pipeline_parallel", "strategy=pipeline"},
                 {"gpipe", "strategy=pipeline pipeline.schedule=gpipe"},
                 {"1f1b", "strategy=pipeline pipeline.schedule=1f1b"},
                 {"3d", "strategy=hybrid"},
                 {"ps", "strategy=parameter_server"}};

static const char *here(const char *word)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (!strcasecmp(word, elsewhere[i].word))
            return elsewhere[i].here;
    return NULL;
}

const struct strategy *strategy_find(const char *name, const char *where, struct errors *errors)
{
    if (here(name)) {
        errors_add(errors, "%s: no strategy is called '%s'; here that is %s (threadrack list strategies)", where,
                   name, here(name));
        return NULL;
    }
    return family_find(workloads, FAMILY_PLAIN, "strategy", "strategies", name, where, errors);
}
