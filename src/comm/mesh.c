#include "threadrack/comm/mesh.h"

#include "threadrack/base/memory.h"

#include <stdio.h>
#include <stdlib.h>

int mesh_length(struct mesh_shape shape, enum mesh_axis axis)
{
    const int lengths[MESH_AXES] = {shape.data, shape.tensor, shape.pipeline, shape.context,
                                    shape.expert};
    return lengths[axis] ? lengths[axis] : 1;
}

struct mesh_words mesh_words(struct mesh_shape shape, struct mesh_shape beside, const char *before)
{
    static const enum mesh_axis rare[] = {AXIS_EXPERT, AXIS_CONTEXT};
    static const char *const names[] = {"expert", "context"};
    struct mesh_words words;
    int length = snprintf(words.text, sizeof words.text, "%sdata=%d %stensor=%d %spipeline=%d", before,
                          shape.data, before, shape.tensor, before, shape.pipeline);
    for (int i = 0; i < 2; i++)
        if (mesh_length(shape, rare[i]) > 1 || mesh_length(beside, rare[i]) > 1)
            length += snprintf(words.text + length, sizeof words.text - (size_t)length, " %s%s=%d", before,
                               names[i], mesh_length(shape, rare[i]));
    return words;
}

int mesh_size(struct mesh_shape shape)
{
    int size = 1;
    for (int axis = 0; axis < MESH_AXES; axis++)
        size *= mesh_length(shape, (enum mesh_axis)axis);
    return size;
}

int mesh_replicas(struct mesh_shape shape)
{
    return mesh_length(shape, AXIS_DATA) * mesh_length(shape, AXIS_EXPERT);
}

int mesh_holders(struct mesh_shape shape)
{
    return mesh_replicas(shape) * mesh_length(shape, AXIS_CONTEXT);
}

int mesh_stride(struct mesh_shape shape, const struct mesh_order *order, enum mesh_axis axis)
{
    int stride = 1;
    for (int i = 0; order->axes[i] != axis; i++)
        stride *= mesh_length(shape, order->axes[i]);
    return stride;
}

static int place_along(const struct mesh *mesh, int rank, enum mesh_axis axis)
{
    return rank / mesh_stride(mesh->shape, &mesh->order, axis) % mesh_length(mesh->shape, axis);
}

struct mesh_point mesh_point(const struct mesh *mesh, int rank)
{
    int experts = place_along(mesh, rank, AXIS_EXPERT);
    return (struct mesh_point){.replica = place_along(mesh, rank, AXIS_DATA) * mesh->shape.expert +
                                          experts,
                               .shard = place_along(mesh, rank, AXIS_TENSOR),
                               .stage = place_along(mesh, rank, AXIS_PIPELINE),
                               .chunk = place_along(mesh, rank, AXIS_CONTEXT),
                               .experts = experts};
}

/* All groups along an axis, by rank: of ranks `stride` apart, one group from each rank that is first. */
static struct group **make_axis(struct mesh *mesh, struct rack *rack, enum mesh_axis axis,
                                const char *name)
{
    int size = mesh_size(mesh->shape), length = mesh_length(mesh->shape, axis);
    int stride = mesh_stride(mesh->shape, &mesh->order, axis);
    struct group **by_rank = memory_zeroed((size_t)size, sizeof *by_rank);
    int *members = memory_zeroed((size_t)length, sizeof *members);
    for (int rank = 0; rank < size && length == 1; rank++)
        by_rank[rank] = rack_lone_group(rack);
    for (int first = 0; first < size; first++) {
        if (length == 1 || first / stride % length)
            continue;
        for (int i = 0; i < length; i++)
            members[i] = first + i * stride;
        struct group *group = rack_group(rack, members, length, axis == AXIS_PIPELINE);
        rack_name_group(group, name);
        if (axis != AXIS_PIPELINE)
            group_set_alike(group);
        for (int i = 0; i < length; i++)
            by_rank[members[i]] = group;
    }
    free(members);
    return by_rank;
}

/* Ranks at the same place along tensor and pipeline. */
static int along_all(const struct mesh *mesh, int rank)
{
    return place_along(mesh, rank, AXIS_PIPELINE) * mesh->shape.tensor +
           place_along(mesh, rank, AXIS_TENSOR);
}

static void add_replicas(const struct mesh *mesh, struct rack *rack, int place, int *members,
                         struct group **by_rank)
{
    int size = mesh_size(mesh->shape), count = 0;
    for (int rank = 0; rank < size; rank++)
        if (along_all(mesh, rank) == place)
            members[count++] = rank;
    struct group *group = rack_group(rack, members, count, false);
    rack_name_group(group, "replicas");
    group_set_alike(group);
    for (int i = 0; i < count; i++)
        by_rank[members[i]] = group;
}

static struct group **make_replicas(const struct mesh *mesh, struct rack *rack)
{
    struct mesh_shape shape = mesh->shape;
    size_t size = (size_t)mesh_size(shape);
    int *members = memory_zeroed(size, sizeof *members);
    struct group **by_rank = memory_zeroed(size, sizeof *by_rank);
    for (int place = 0; place < shape.tensor * shape.pipeline; place++)
        add_replicas(mesh, rack, place, members, by_rank);
    free(members);
    return by_rank;
}

/* Along data alone, where the other axes are 1 long. */
static bool has_replicas_apart(const struct mesh *mesh)
{
    return mesh->shape.expert * mesh->shape.context > 1;
}

struct mesh *mesh_create(struct rack *rack, struct mesh_shape shape, const struct mesh_order *order)
{
    struct mesh *mesh = memory_zeroed(1, sizeof *mesh);
    mesh->shape = (struct mesh_shape){.data = mesh_length(shape, AXIS_DATA),
                                      .tensor = mesh_length(shape, AXIS_TENSOR),
                                      .pipeline = mesh_length(shape, AXIS_PIPELINE),
                                      .context = mesh_length(shape, AXIS_CONTEXT),
                                      .expert = mesh_length(shape, AXIS_EXPERT)};
    mesh->order = *order;
    struct group ***const groups[MESH_AXES] = {&mesh->data, &mesh->tensor, &mesh->pipeline,
                                               &mesh->context, &mesh->expert};
    for (int i = 0; i < MESH_AXES; i++) {
        enum mesh_axis axis = mesh_order_default.axes[i];
        *groups[axis] = make_axis(mesh, rack, axis, mesh_axes[axis]);
    }
    mesh->back = mesh->pipeline;
    mesh->replicas = has_replicas_apart(mesh) ? make_replicas(mesh, rack) : mesh->data;
    mesh->shard = mesh->gather = mesh->replicas;
    mesh->gather_experts = mesh->data;
    return mesh;
}

void mesh_add_back(struct mesh *mesh, struct rack *rack)
{
    mesh->back = make_axis(mesh, rack, AXIS_PIPELINE, "pipeline back");
}

void mesh_add_ends(struct mesh *mesh, struct rack *rack)
{
    int size = mesh_size(mesh->shape), length = mesh->shape.pipeline;
    int stride = mesh_stride(mesh->shape, &mesh->order, AXIS_PIPELINE);
    mesh->ends = memory_zeroed((size_t)size, sizeof *mesh->ends);
    for (int first = 0; first < size; first++) {
        int members[2] = {first, first + (length - 1) * stride};
        if (first / stride % length)
            continue;
        struct group *group = rack_group(rack, members, 2, false);
        rack_name_group(group, "tied");
        mesh->ends[members[0]] = mesh->ends[members[1]] = group;
    }
}

static int compare_ranks(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

/* The ranks of the mesh on the `size` nodes from `first` on, ascending. */
static int ranks_on(const struct mesh *mesh, const struct cluster *cluster, int first, int size, int *members)
{
    int count = 0, ranks = mesh_size(mesh->shape);
    for (int node = first; node < first + size && node < cluster->nodes; node++)
        if (cluster_rank_on(cluster, node) < ranks)
            members[count++] = cluster_rank_on(cluster, node);
    qsort(members, (size_t)count, sizeof *members, compare_ranks);
    return count;
}

void mesh_add_boxes(struct mesh *mesh, struct rack *rack, int size)
{
    const struct cluster *cluster = rack_cluster(rack);
    int *members = memory_zeroed((size_t)size, sizeof *members);
    mesh->box = memory_zeroed((size_t)mesh_size(mesh->shape), sizeof *mesh->box);
    for (int first = 0; first < cluster->nodes; first += size) {
        int count = ranks_on(mesh, cluster, first, size, members);
        struct group *group =
            count > 1 ? rack_group(rack, members, count, false) : rack_lone_group(rack);
        if (count > 1)
            rack_name_group(group, "box");
        for (int i = 0; i < count; i++)
            mesh->box[members[i]] = group;
    }
    free(members);
}

void mesh_close_rings(struct mesh *mesh, bool free_of_cost, size_t number_bytes)
{
    int size = mesh_size(mesh->shape);
    mesh->ring = memory_zeroed((size_t)size, sizeof *mesh->ring);
    for (int rank = 0; rank < size; rank++)
        relay_close(&mesh->ring[rank],
                    free_of_cost ? (struct path){0} : group_path(mesh->context[rank]), number_bytes);
}

void mesh_free(struct mesh *mesh)
{
    if (!mesh)
        return;
    if (mesh->gather_experts != mesh->data && mesh->gather_experts != mesh->gather)
        free(mesh->gather_experts);
    if (mesh->gather != mesh->shard)
        free(mesh->gather);
    if (mesh->shard != mesh->replicas)
        free(mesh->shard);
    free(mesh->copies);
    if (mesh->replicas != mesh->data)
        free(mesh->replicas);
    free(mesh->data);
    free(mesh->tensor);
    free(mesh->context);
    free(mesh->expert);
    if (mesh->back != mesh->pipeline)
        free(mesh->back);
    free(mesh->pipeline);
    free(mesh->box);
    free(mesh->ring);
    free(mesh->ends);
    free(mesh);
}
