/* The mesh: ranks as points of data x tensor x pipeline (x context x expert), and the groups along each
 * axis.
 *
 * Axes lie over the ranks in an order, from the closest out: by default tensor, context, expert, data,
 * pipeline. Tensor groups talk most, in every layer; pipeline groups least. So with the default order
 * rank = (stage * data + replica) * tensor + shard.
 */
#ifndef THREADRACK_COMM_MESH_H
#define THREADRACK_COMM_MESH_H

#include "threadrack/base/errors.h"
#include "threadrack/comm/relay.h"
#include "threadrack/rank/rack.h"

enum mesh_axis { AXIS_DATA, AXIS_TENSOR, AXIS_PIPELINE, AXIS_CONTEXT, AXIS_EXPERT, MESH_AXES };
extern const char *const mesh_axes[MESH_AXES]; /* "data", ... */

/* An axis that is left 0 is 1 long; in a mesh none is 0. */
struct mesh_shape {
    int data, tensor, pipeline, context, expert;
};

/* The axes from the closest out. */
struct mesh_order {
    enum mesh_axis axes[MESH_AXES];
};
extern const struct mesh_order mesh_order_default;
/* "tensor,data,pipeline": what it leaves out comes behind, in the default's order. */
bool mesh_order_read(const char *text, const char *where, struct mesh_order *order,
                     struct errors *errors);
/* setting.continues of such orders: "tensor,data,data,tensor" are two. */
bool mesh_order_continues(const char *value, const char *piece);

struct mesh_point {
    int replica; /* along data and expert: of all but experts; in [0, mesh_replicas) */
    int shard;   /* along tensor */
    int stage;   /* along pipeline */
    int chunk;   /* along context */
    int experts; /* along expert */
};

struct mesh {
    struct mesh_shape shape;
    struct mesh_order order;
    struct group **data, **tensor, **pipeline; /* by rank; a group of one where the axis is 1 */
    struct group **context, **expert;
    /* Of all who hold the same of what is not experts: along data, expert and context. */
    struct group **replicas;
    struct group **back; /* as pipeline, for what goes back; the same unless asked for */
    struct group **ends; /* by rank: of a pipeline its first and its last; NULL unless asked for, and between */
    struct relay_form *ring; /* by rank: the closed form of its context group; NULL: messages */
    /* By rank: those among whom what zero shards is shared out, all replicas unless asked for; and, NULL then,
     * those who hold the same shares. */
    struct group **shard, **copies;
    struct group **gather; /* as shard, for all-gathers of parameters; the same unless asked for */
    struct group **gather_experts; /* likewise of experts, as data */
    struct group **box; /* by rank: the ranks of its box; NULL unless asked for */
};

/* "data=2 tensor=1 pipeline=1", each name behind `before`; expert and context, too, where they are longer than
 * 1 in the shape or in the one that it is told `beside`. */
struct mesh_words {
    char text[160];
};
struct mesh_words mesh_words(struct mesh_shape shape, struct mesh_shape beside, const char *before);

int mesh_size(struct mesh_shape shape);
int mesh_length(struct mesh_shape shape, enum mesh_axis axis);
/* How many there are that take rows of their own: along data and expert. */
int mesh_replicas(struct mesh_shape shape);
/* How many hold the same of what is not experts: along data, expert and context. */
int mesh_holders(struct mesh_shape shape);
/* From a rank to the next along the axis. */
int mesh_stride(struct mesh_shape shape, const struct mesh_order *order, enum mesh_axis axis);
struct mesh_point mesh_point(const struct mesh *mesh, int rank);

/* Makes the groups of all axes in the rack, whose size is mesh_size(shape). */
struct mesh *mesh_create(struct rack *rack, struct mesh_shape shape, const struct mesh_order *order);
/* Besides, groups of the ranks on `size` nodes next to each other; the last may be smaller. */
void mesh_add_boxes(struct mesh *mesh, struct rack *rack, int size);
/* Besides, groups of their own for what goes back through a pipeline: messages of a group keep their
 * order, and where a stage takes both ways in turn, neither may wait for the other. */
void mesh_add_back(struct mesh *mesh, struct rack *rack);
/* Besides, groups of the first and the last stage of each pipeline, of two stages or more. */
void mesh_add_ends(struct mesh *mesh, struct rack *rack);
/* How the ranks of every data group are cut by `units` (by rank): those of one unit share. Returns how many they
 * are, or 0 where units differ in that. */
int mesh_shards_of(struct mesh_shape shape, const struct mesh_order *order, const int *units);
/* Of units of one size: visits, for every data group, the members of each unit, and those that are first, second,
 * ... in theirs, who hold the same shares; both by rank. */
enum shard_kind { SHARD_GROUP, SHARD_COPIES };
typedef void (*shard_visit)(void *context, enum shard_kind kind, const int *members, int count);
void mesh_each_shard(struct mesh_shape shape, const struct mesh_order *order, const int *units,
                     shard_visit visit, void *context);
/* Besides, groups of these: shard and copies. */
void mesh_add_shards(struct mesh *mesh, struct rack *rack, const int *units);
/* Besides, groups of their own for all-gathers over shard, and of experts: a lane beside that of reduce-scatters. Last. */
void mesh_add_gathers(struct mesh *mesh, struct rack *rack);
/* What goes round context groups, in numbers of so many bytes, takes what the closed form says of the group's worst
 * path, or no time. */
void mesh_close_rings(struct mesh *mesh, bool free_of_cost, size_t number_bytes);
void mesh_free(struct mesh *mesh);

#endif
