/* collectives=closed_form: replicas and tensor ranks do all the same at the same times, so the first
 * of them stands for the others of its stage. What would make them differ is refused. */
#include "closed.h"

#include <string.h>

int closed_stand_in(const struct setup *setup, int rank)
{
    return setup->closed ? setup_first_of_stage(setup, rank) : rank;
}

bool closed_plays(const struct setup *setup, int rank)
{
    return closed_stand_in(setup, rank) == rank;
}

int closed_multiplicity(const struct setup *setup)
{
    return setup->closed ? mesh_size(setup->shape) / setup->shape.pipeline : 1;
}

static bool devices_differ(const struct setup *setup)
{
    for (int i = 1; i < setup->nodes; i++)
        if (memcmp(&setup->cluster->devices[i], &setup->cluster->devices[0],
                   sizeof setup->cluster->devices[0]))
            return true;
    return setup->cluster->speed_traces;
}

/* Of a netmodel that shares links: whether there is nobody to share them with. */
static bool has_own_links(const struct setup *setup)
{
    const struct flow_settings *flow = &setup->cluster->flow;
    return !strcmp(config_text(setup->config, "cluster.topology"), "full_mesh") &&
           flow->bandwidth_factor == 1 && flow->latency_factor == 1 && !flow->crosstraffic &&
           !flow->window_bytes;
}

/* NULL: nothing speaks against it. */
static const char *why_not(const struct setup *setup)
{
    const struct config *config = setup->config;
    const struct strategy *strategy = setup->strategy;
    if (setup->real)
        return "it is for math=off, where nothing is trained";
    if (strategy->updates_alone || strategy->has_server || strategy->serves_shares)
        return "the ranks of this strategy do not all do the same";
    bool shares = setup->netmodel->shares_links && !setup->netmodel->free_of_cost;
    if (shares && !has_own_links(setup))
        return "messages slow each other under this netmodel, but where each pair of nodes has a link of "
               "its own (cluster.topology=full_mesh); hockney, loggp and ideal have closed forms";
    if (setup->netmodel->overhead && (setup->cluster->overhead_ps || setup->cluster->gap_ps))
        return "under loggp it needs cluster.loggp.overhead=0s and cluster.loggp.gap=0s, which are paid "
               "between the messages";
    bool ring = mesh_length(setup->shape, AXIS_CONTEXT) > 1;
    if (ring && config_choice(config, "context.slices") == SLICES_CONTIGUOUS)
        return "contiguous slices of a sequence are unequal work, and each node would have to be seen "
               "(context.slices=zigzag is even)";
    if (ring && !setup->netmodel->free_of_cost && (shares || setup->netmodel->overhead))
        return "keys and their gradients go round a context group side by side; hockney and ideal have "
               "closed forms of that";
    if (setup->zero == 3 && !setup->netmodel->free_of_cost && (shares || setup->netmodel->overhead))
        return "under zero=3 gathers and reduce-scatters go side by side between the same nodes; hockney "
               "and ideal have closed forms of that, or zero=2";
    if (setup->shard > 1 && !setup->netmodel->free_of_cost && !shares)
        return "under zero.shard sums over copies and reduce-scatters of other buckets meet at a node's one port; ideal, "
               "and flow on a full mesh, have closed forms of that";
    if (setup->zero && mesh_length(setup->shape, AXIS_EXPERT) > 1 && !setup->netmodel->free_of_cost)
        return "under zero with mesh.expert gathers and reduce-scatters of experts and of the rest go side by side between "
               "the same nodes; ideal has closed forms of that";
    if (setup->noise.ops->stretch || devices_differ(setup))
        return "nodes differ in speed, and each would have to be seen";
    if (setup->rows)
        return "shares of the batch differ, and each node would have to be seen";
    if (setup->cluster->slow_links || setup->cluster->link_traces)
        return "links differ in bandwidth (cluster.slow.link*), and each would have to be seen";
    if (config_is_set(config, "trace") || config_is_set(config, "goal") ||
        !strcmp(config_text(config, "links"), "on"))
        return "trace, links and goal are made of messages";
    return NULL;
}

bool closed_resolve(struct setup *setup, struct errors *errors)
{
    setup->closed = config_choice(setup->config, "collectives") == 1;
    const char *why = setup->closed ? why_not(setup) : NULL;
    if (why)
        return errors_add(errors, "%s: no closed_form here: %s",
                          config_where(setup->config, "collectives"), why);
    if (!setup->closed)
        return true;
    algorithms_close(setup->allreduce);
    for (int axis = 0; axis < MESH_AXES; axis++)
        if (setup->allreduce_along[axis])
            algorithms_close(setup->allreduce_along[axis]);
    algorithms_close(setup->allgather);
    algorithms_close(setup->reduce_scatter);
    algorithms_close(setup->alltoall);
    return true;
}

static bool same_path(struct path a, struct path b)
{
    return a.latency_ps == b.latency_ps && a.bandwidth_Bps == b.bandwidth_Bps;
}

/* To the rank's neighbour in the next stage. */
static struct path path_onward(const struct setup *setup, int rank)
{
    int stride = mesh_stride(setup->shape, &setup->order, AXIS_PIPELINE);
    bool last = rank / stride % setup->shape.pipeline == setup->shape.pipeline - 1;
    return last ? (struct path){0} : cluster_path(setup->cluster, rank, rank + stride);
}

bool closed_fits(const struct setup *setup, const struct rack *rack, const struct mesh *mesh,
                 struct errors *errors)
{
    for (int rank = 0; setup->closed && rank < setup->nodes; rank++) {
        int first = closed_stand_in(setup, rank);
        if (!same_path(group_path(mesh->data[rank]), group_path(mesh->data[first])) ||
            !same_path(group_path(mesh->tensor[rank]), group_path(mesh->tensor[first])) ||
            !same_path(group_path(mesh->context[rank]), group_path(mesh->context[first])) ||
            !same_path(group_path(mesh->shard[rank]), group_path(mesh->shard[first])) ||
            (mesh->copies && !same_path(group_path(mesh->copies[rank]), group_path(mesh->copies[first]))) ||
            !same_path(group_path(mesh->expert[rank]), group_path(mesh->expert[first])) ||
            !same_path(group_path(mesh->replicas[rank]), group_path(mesh->replicas[first])) ||
            !same_path(path_onward(setup, rank), path_onward(setup, first)))
            return errors_add(errors,
                              "collectives=closed_form: node %d has other paths to its peers than node "
                              "%d, which would stand for it: its groups lie otherwise in the cluster",
                              cluster_node_of(setup->cluster, rank), cluster_node_of(setup->cluster, first));
        if (rack_region_bytes(rack, rank) &&
            memcmp(rack_memory_bytes(rack, rank), rack_memory_bytes(rack, first),
                   MEMORY_KINDS * sizeof(uint64_t)))
            return errors_add(errors,
                              "collectives=closed_form: node %d has another share of the model or of the "
                              "batch than node %d, which would stand for it: choose sizes that divide",
                              cluster_node_of(setup->cluster, rank), cluster_node_of(setup->cluster, first));
    }
    return true;
}

/* The last along all other axes has the smallest shares. */
bool closed_is_counted(const struct setup *setup, int rank)
{
    int behind = rank - closed_stand_in(setup, rank), stride = 1, last = 0;
    for (int i = 0; i < MESH_AXES; i++) {
        int length = mesh_length(setup->shape, setup->order.axes[i]);
        last += setup->order.axes[i] == AXIS_PIPELINE ? 0 : (length - 1) * stride;
        stride *= length;
    }
    return behind == 0 || behind == last; /* where each stands for itself, all are counted */
}
