#include "threadrack/clock/resolver.h"

#include "threadrack/base/family.h"

#include "resolver/dataflow.h"

#define RESOLVER(name) extern const struct resolver_ops resolver_##name;
#include "resolver.def"
#undef RESOLVER

const struct resolver_ops *const resolvers[] = {
#define RESOLVER(name) &resolver_##name,
#include "resolver.def"
#undef RESOLVER
    NULL};

const struct resolver_ops *resolver_find(const char *name, const char *where, struct errors *errors)
{
    return family_find(resolvers, FAMILY_PLAIN, "resolver", "resolvers", name, where, errors);
}

const struct resolver_ops *resolver_choose(const struct resolver_run *run,
                                           const struct resolver_ops *const *from)
{
    while ((*from)->refuses(run))
        from++;
    return *from;
}

void clock_use(struct clock *clock, const struct resolver_ops *resolver, bool kernels)
{
    if (clock->group_count)
        BUG("the resolver is chosen before groups are added");
    if (!resolver->open)
        return;
    clock_forget_events(clock);
    clock->flow = resolver->open(clock, kernels);
}

const char *clock_lost(const struct clock *clock)
{
    return clock->flow && !clock->stopped ? clock->flow->lost : NULL;
}

uint64_t clock_kernel_messages(const struct clock *clock)
{
    return clock->flow ? clock->flow->kernel_messages : 0;
}
