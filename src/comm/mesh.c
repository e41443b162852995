#include "threadrack/comm/mesh.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>
#include <string.h>

int mesh_size(struct mesh_shape shape)
{
    return shape.data * shape.tensor * shape.pipeline;
}

struct mesh_point mesh_point(struct mesh_shape shape, int rank)
{
    return (struct mesh_point){.shard = rank % shape.tensor,
                               .replica = rank / shape.tensor % shape.data,
                               .stage = rank / shape.tensor / shape.data};
}

int mesh_rank(struct mesh_shape shape, struct mesh_point point)
{
    return (point.stage * shape.data + point.replica) * shape.tensor + point.shard;
}

/* All groups along the axis of that name: `length` ranks `stride` apart, one group from each rank that
 * is first on the axis. */
static struct group **make_axis(struct rack *rack, int size, const char *name, int length, int stride)
{
    struct group **by_rank = memory_zeroed((size_t)size, sizeof *by_rank);
    int *members = memory_zeroed((size_t)length, sizeof *members);
    for (int rank = 0; rank < size && length == 1; rank++)
        by_rank[rank] = rack_lone_group(rack);
    for (int first = 0; first < size; first++) {
        if (length == 1 || first / stride % length)
            continue;
        for (int i = 0; i < length; i++)
            members[i] = first + i * stride;
        bool pipeline = !strncmp(name, "pipeline", strlen("pipeline"));
        struct group *group = rack_group(rack, members, length, pipeline);
        rack_name_group(group, name);
        if (!pipeline)
            group_set_alike(group);
        for (int i = 0; i < length; i++)
            by_rank[members[i]] = group;
    }
    free(members);
    return by_rank;
}

struct mesh *mesh_create(struct rack *rack, struct mesh_shape shape)
{
    struct mesh *mesh = memory_zeroed(1, sizeof *mesh);
    int size = mesh_size(shape);
    mesh->shape = shape;
    mesh->tensor = make_axis(rack, size, "tensor", shape.tensor, 1);
    mesh->data = make_axis(rack, size, "data", shape.data, shape.tensor);
    mesh->pipeline = make_axis(rack, size, "pipeline", shape.pipeline, shape.tensor * shape.data);
    mesh->back = mesh->pipeline;
    mesh->gather = mesh->data;
    return mesh;
}

void mesh_add_back(struct mesh *mesh, struct rack *rack)
{
    struct mesh_shape shape = mesh->shape;
    mesh->back = make_axis(rack, mesh_size(shape), "pipeline back", shape.pipeline,
                           shape.tensor * shape.data);
}

void mesh_add_gathers(struct mesh *mesh, struct rack *rack)
{
    mesh->gather =
        make_axis(rack, mesh_size(mesh->shape), "data gather", mesh->shape.data, mesh->shape.tensor);
}

void mesh_add_boxes(struct mesh *mesh, struct rack *rack, int size)
{
    int ranks = mesh_size(mesh->shape);
    int *members = memory_zeroed((size_t)size, sizeof *members);
    mesh->box = memory_zeroed((size_t)ranks, sizeof *mesh->box);
    for (int first = 0; first < ranks; first += size) {
        int count = ranks - first < size ? ranks - first : size;
        for (int i = 0; i < count; i++)
            members[i] = first + i;
        struct group *group =
            count > 1 ? rack_group(rack, members, count, false) : rack_lone_group(rack);
        if (count > 1)
            rack_name_group(group, "box");
        for (int i = 0; i < count; i++)
            mesh->box[first + i] = group;
    }
    free(members);
}

void mesh_free(struct mesh *mesh)
{
    if (!mesh)
        return;
    if (mesh->gather != mesh->data)
        free(mesh->gather);
    free(mesh->data);
    free(mesh->tensor);
    if (mesh->back != mesh->pipeline)
        free(mesh->back);
    free(mesh->pipeline);
    free(mesh->box);
    free(mesh);
}
