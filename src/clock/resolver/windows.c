/* As dataflow, with arrivals put in order by windows of time (wheel.c). */
#include "threadrack/clock/resolver.h"

#include "dataflow.h"

static const char *refuses(const struct resolver_run *run)
{
    struct roads roads;
    if (dataflow_refuses(run))
        return dataflow_refuses(run);
    if (!run->netmodel->overhead)
        return "only netmodel=loggp can be resolved so";
    if (run->cluster->program_order)
        return "cluster.loggp.ports=program_order needs no windows (resolver dataflow)";
    roads_init(&roads, run->cluster, false);
    uint64_t window_ps =
        roads.latency_least_ps + (run->cluster->offload ? 0 : 2 * run->cluster->overhead_ps);
    roads_release(&roads);
    return window_ps ? NULL : "a link has no latency and messages no overhead, so windows would be empty";
}

static struct dataflow *open(struct clock *clock, bool kernels)
{
    (void)kernels;
    return dataflow_create(clock, BY_WINDOWS, false);
}

const struct resolver_ops resolver_windows = {
    .name = "windows",
    .summary = "arrivals are put in order by windows of o + L; timing-only, loggp, one busy lane a "
               "rank",
    .options = "",
    .refuses = refuses,
    .open = open,
};
