/* Each rank's own events in windows of time (local.h). */
#include "threadrack/clock/resolver.h"

#include "dataflow.h"

static const char *refuses(const struct resolver_run *run)
{
    struct roads roads;
    if (dataflow_refuses(run))
        return dataflow_refuses(run);
    if (!run->netmodel->overhead)
        return "only netmodel=loggp can be resolved so";
    roads_init(&roads, run->cluster, false);
    uint64_t window_ps =
        roads.latency_least_ps + (run->cluster->offload ? 0 : run->cluster->overhead_ps);
    roads_release(&roads);
    return window_ps ? NULL : "a link has no latency and messages no overhead, so windows would be empty";
}

static struct dataflow *open(struct clock *clock, bool kernels)
{
    (void)kernels;
    return dataflow_create(clock, BY_LANES, false);
}

const struct resolver_ops resolver_lanes = {
    .name = "lanes",
    .summary = "each rank's own events, a window of o + L at a time; timing-only, loggp, any number of "
               "busy lanes",
    .options = "",
    .refuses = refuses,
    .open = open,
};
