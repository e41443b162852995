/* One event after the other, in global order (../clock.c, ../lane.c): the reference. */
#include "threadrack/clock/resolver.h"

static const char *refuses(const struct resolver_run *run)
{
    (void)run;
    return NULL;
}

const struct resolver_ops resolver_events = {
    .name = "events",
    .summary = "one global event after the other; resolves every run, and is the reference",
    .options = "",
    .refuses = refuses,
};
