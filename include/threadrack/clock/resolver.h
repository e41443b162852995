/* The family of resolvers: how the clock finds out when ops start and end. All give the same
 * integers; they differ in speed, and in the runs that they can resolve exactly.
 *
 * `events` takes one global event after the other and can resolve every run; it is the reference.
 * The others are for timing-only runs. What a resolver can be known to lack is said by `refuses`
 * before the run; what shows only as the rank programs run (clock_lost) makes the run start again
 * with the next of the table.
 *
 * To add one: src/clock/resolver/<name>.c and a row in src/clock/resolver.def.
 */
#ifndef THREADRACK_CLOCK_RESOLVER_H
#define THREADRACK_CLOCK_RESOLVER_H

#include "threadrack/clock/clock.h"

/* The run that is to be resolved. */
struct resolver_run {
    const struct cluster *cluster;
    const struct netmodel_ops *netmodel;
    bool real;     /* ranks are threads and append while the clock resolves */
    bool watched;  /* observers, or a GOAL file that is written, need messages one by one */
    bool replayed; /* a graph is gone through */
    bool asks;     /* rank programs wait for virtual time (clock_answer_with) */
    bool closed;   /* collectives stand in closed form (struct whole) */
};

struct dataflow;
struct resolver_ops {
    const char *name, *summary;
    const char *options; /* the keys that it reads besides clock.resolver */
    /* Why such a run cannot be resolved exactly; NULL: it can, as far as is known beforehand. */
    const char *(*refuses)(const struct resolver_run *run);
    /* NULL: by the clock's own events. */
    struct dataflow *(*open)(struct clock *clock, bool kernels);
};

extern const struct resolver_ops *const resolvers[]; /* the fastest first; NULL at the end */
extern const struct resolver_ops resolver_dataflow, resolver_events;

/* The first of the table, from `from` on, that does not refuse the run. `events` never does. */
const struct resolver_ops *resolver_choose(const struct resolver_run *run,
                                           const struct resolver_ops *const *from);
const struct resolver_ops *resolver_find(const char *name, const char *where,
                                         struct errors *errors);

/* Before groups are added. `kernels`: collectives are resolved as a whole where that is exact. */
void clock_use(struct clock *clock, const struct resolver_ops *resolver, bool kernels);
/* Why what has been resolved is not exact, so that another resolver is needed; NULL: it is. */
const char *clock_lost(const struct clock *clock);
/* Messages of collectives that were resolved as a whole. */
uint64_t clock_kernel_messages(const struct clock *clock);

#endif
