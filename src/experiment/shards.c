/* Among whom zero shards (zero.shard=): all replicas, those of one box, or so many next to each other. */
#include "resolve.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { SHARD_ALL, SHARD_BOX };

static int asked_size(const struct setup *setup)
{
    return (int)config_whole(setup->config, "zero.shard");
}

/* Nodes of a box; 0: the cluster has none. */
static int box_size(const struct setup *setup)
{
    int sizes[CLUSTER_LEVELS_MOST], levels = cluster_nesting(setup->cluster, sizes);
    return levels > 1 ? sizes[0] : 0;
}

int *setup_shard_units(const struct setup *setup)
{
    bool by_box = config_choice(setup->config, "zero.shard") == SHARD_BOX;
    int stride = mesh_stride(setup->shape, &setup->order, AXIS_DATA), box = by_box ? box_size(setup) : 0;
    int *units = memory_zeroed((size_t)setup->nodes, sizeof *units);
    for (int rank = 0; rank < setup->nodes; rank++)
        units[rank] = by_box ? cluster_node_of(setup->cluster, rank) / box
                             : rank / stride % setup->shape.data / asked_size(setup);
    return units;
}

static bool check_size(const struct setup *setup, struct errors *errors)
{
    int size = asked_size(setup), replicas = setup->shape.data;
    return replicas % size == 0 ||
           errors_add(errors, "%s: %d does not divide the %d replicas (mesh.data)",
                      config_where(setup->config, "zero.shard"), size, replicas);
}

static bool check_box(const struct setup *setup, struct errors *errors)
{
    return box_size(setup) ||
           errors_add(errors, "%s: topology %s has no boxes: give zero.shard=4, say, or a cluster such as "
                              "boxes-of-8",
                      config_where(setup->config, "zero.shard"), config_text(setup->config, "cluster.topology"));
}

static int find_size(const struct setup *setup)
{
    int *units = setup_shard_units(setup);
    int size = mesh_shards_of(setup->shape, &setup->order, units);
    free(units);
    return size;
}

bool shards_resolve(struct setup *setup, struct errors *errors)
{
    int choice = config_choice(setup->config, "zero.shard");
    setup->shard = 0;
    if (!setup->zero || choice == SHARD_ALL)
        return true;
    if (mesh_length(setup->shape, AXIS_CONTEXT) > 1)
        return errors_add(errors, "%s: zero.shard is not for meshes with a context axis as yet, whose replicas are "
                                  "along data and context: give zero.shard=all",
                          config_where(setup->config, "zero.shard"));
    if (!(choice == SHARD_BOX ? check_box(setup, errors) : check_size(setup, errors)))
        return false;
    int size = find_size(setup);
    if (size == 0)
        return errors_add(errors, "%s: boxes have different numbers of the %d replicas: give zero.shard=2, say, or "
                                  "another mesh.order or placement",
                          config_where(setup->config, "zero.shard"), setup->shape.data);
    setup->shard = size == setup->shape.data ? 0 : size;
    return true;
}

struct fitting {
    const struct setup *setup;
    struct errors *errors;
    bool good;
};

static bool fits(struct fitting *fitting, struct algorithms *algorithms, const int *members, int count)
{
    return algorithms_fit(algorithms, members, count, fitting->errors);
}

static void fit_one(void *context, enum shard_kind kind, const int *members, int count)
{
    struct fitting *fitting = context;
    const struct setup *setup = fitting->setup;
    struct algorithms *sums = setup_allreduce(setup, AXIS_DATA);
    bool clips = config_is_set(setup->config, "clip");
    if (!fitting->good)
        return;
    if (kind == SHARD_COPIES)
        fitting->good = fits(fitting, sums, members, count);
    else
        fitting->good = fits(fitting, setup->reduce_scatter, members, count) &&
                        fits(fitting, setup->allgather, members, count) &&
                        (!clips || fits(fitting, sums, members, count));
}

bool shards_fit(const struct setup *setup, struct errors *errors)
{
    struct fitting fitting = {setup, errors, true};
    if (!setup->shard)
        return true;
    int *units = setup_shard_units(setup);
    mesh_each_shard(setup->shape, &setup->order, units, fit_one, &fitting);
    free(units);
    return fitting.good;
}
