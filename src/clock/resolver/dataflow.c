/* Each rank goes on as soon as what it waits for is known (dataflow.h), and collectives that nothing
 * disturbs are resolved as a whole (gathering.c). Under ports that serve in order of arrival, that
 * order is checked message by message. */
#include "threadrack/clock/resolver.h"

#include "dataflow.h"

/* What neither dataflow nor windows can resolve; NULL: nothing of the kind. */
const char *dataflow_refuses(const struct resolver_run *run)
{
    if (run->real)
        return "its ranks are threads (math=on), and only timing-only runs can be resolved so";
    if (run->watched)
        return "its messages are to be seen one by one (links, trace, goal)";
    if (run->asks)
        return "its rank programs wait for virtual time";
    if (run->closed)
        return "its collectives stand in closed form (collectives=closed_form)";
    if (run->replayed)
        return "strategy=replay keeps several lanes busy";
    if (!run->netmodel->overhead && !run->netmodel->free_of_cost)
        return "only netmodel=loggp and netmodel=ideal can be resolved so";
    if (run->netmodel->overhead && run->cluster->rendezvous_bytes < UINT64_MAX)
        return "cluster.loggp.rendezvous makes sends wait for their receivers";
    if (run->netmodel->overhead && run->cluster->link_traces)
        return "cluster.slow.link_trace changes bandwidths in time";
    if (run->netmodel->overhead && run->cluster->overhead_fs_B)
        return "cluster.loggp.overhead_per_byte is not modelled by it";
    return NULL;
}

static struct dataflow *open(struct clock *clock, bool kernels)
{
    return dataflow_create(clock, BY_ASKING, kernels);
}

const struct resolver_ops resolver_dataflow = {
    .name = "dataflow",
    .summary = "each rank goes on as soon as what it waits for is known; timing-only, loggp or ideal, "
               "one busy lane a rank",
    .options = "clock.kernels",
    .refuses = dataflow_refuses,
    .open = open,
};
