/* Which resolver times a run: the one asked for, or the fastest that is exact for it. One that shows
 * only as the ranks run that it is not exact is followed by the next of the table. */
#include "watch.h"

#include <string.h>

static struct resolver_run run_of(const struct setup *setup)
{
    return (struct resolver_run){.cluster = setup->cluster,
                                 .netmodel = setup->netmodel,
                                 .real = setup->real,
                                 .watched = watch_wants(setup) ||
                                            config_is_set(setup->config, "goal"),
                                 .replayed = setup->goal,
                                 .closed = setup->closed,
                                 .asks = setup->strategy->runs_free};
}

static const struct resolver_ops *choose(const struct setup *setup,
                                         const struct resolver_ops *const *from)
{
    struct resolver_run run = run_of(setup);
    return resolver_choose(&run, from);
}

bool setup_resolver(struct setup *setup, struct errors *errors)
{
    const struct config *config = setup->config;
    const char *name = config_text(config, "clock.resolver");
    struct resolver_run run = run_of(setup);
    setup->kernels = config_on(config, "clock.kernels");
    setup->clock_threads = setup->real || setup->goal || setup->strategy->runs_free ? 1 : 1 + config_choice(config, "clock.threads");
    setup->resolver = choose(setup, resolvers);
    setup->resolver_is_asked = strcmp(name, "auto");
    if (!setup->resolver_is_asked)
        return true;
    setup->resolver = resolver_find(name, config_where(config, "clock.resolver"), errors);
    const char *why = setup->resolver ? setup->resolver->refuses(&run) : NULL;
    if (why)
        return errors_add(errors, "%s: this resolver is not exact for this run: %s",
                          config_where(config, "clock.resolver"), why);
    return setup->resolver;
}

const struct resolver_ops *resolver_after(const struct setup *setup,
                                          const struct resolver_ops *lost)
{
    const struct resolver_ops *const *at = resolvers;
    if (setup->resolver_is_asked)
        return NULL;
    while (*at != lost)
        at++;
    return choose(setup, at + 1);
}
