/* The mesh: ranks as points of data x tensor x pipeline, and the groups along each axis.
 *
 * Tensor ranks sit closest, then data, then pipeline: rank = (stage * data + replica) * tensor +
 * shard. Tensor groups talk most, in every layer; pipeline groups least. */
#ifndef THREADRACK_COMM_MESH_H
#define THREADRACK_COMM_MESH_H

#include "threadrack/rank/rack.h"

struct mesh_shape {
    int data, tensor, pipeline;
};

struct mesh_point {
    int replica; /* along data */
    int shard;   /* along tensor */
    int stage;   /* along pipeline */
};

struct mesh {
    struct mesh_shape shape;
    struct group **data, **tensor, **pipeline; /* by rank; a group of one where the axis is 1 */
    struct group **back; /* as pipeline, for what goes back; the same unless asked for */
    struct group **gather; /* as data, for all-gathers of parameters; the same unless asked for */
    struct group **box; /* by rank: the ranks of its box; NULL unless asked for */
};

int mesh_size(struct mesh_shape shape);
struct mesh_point mesh_point(struct mesh_shape shape, int rank);
int mesh_rank(struct mesh_shape shape, struct mesh_point point);

/* Makes the groups of all axes in the rack, whose size is mesh_size(shape). */
struct mesh *mesh_create(struct rack *rack, struct mesh_shape shape);
/* Besides, groups of `size` ranks next to each other; the last may be smaller. */
void mesh_add_boxes(struct mesh *mesh, struct rack *rack, int size);
/* Besides, groups of their own for what goes back through a pipeline: messages of a group keep their
 * order, and where a stage takes both ways in turn, neither may wait for the other. */
void mesh_add_back(struct mesh *mesh, struct rack *rack);
/* Besides, groups of their own for all-gathers over data: a lane beside that of reduce-scatters. */
void mesh_add_gathers(struct mesh *mesh, struct rack *rack);
void mesh_free(struct mesh *mesh);

#endif
