/* What setup_resolve is made of: each resolves a part of the setup, or says what is wrong with it. */
#ifndef EXPERIMENT_RESOLVE_H
#define EXPERIMENT_RESOLVE_H

#include "inside.h"

/* mesh.c: nodes, batch, servers, shape, microbatches, chunks. */
bool resolve_mesh(struct setup *setup, struct errors *errors);

/* collectives.c: whether the words for algorithms are such; */
void check_algorithms(const struct config *config, struct errors *errors);
/* the algorithms, once cluster and mesh are there, and resolve_groups; */
bool resolve_collectives(struct setup *setup, struct errors *errors);
/* zero and sequence on that mesh, and whether the algorithms fit its groups. */
bool resolve_groups(struct setup *setup, struct errors *errors);
/* shards.c: zero.shard, once zero is known; and whether the algorithms fit its groups. */
bool shards_resolve(struct setup *setup, struct errors *errors);
bool shards_fit(const struct setup *setup, struct errors *errors);
void release_collectives(struct setup *setup);
/* Of the all-reduces along that axis. */
struct algorithms *setup_allreduce(const struct setup *setup, enum mesh_axis axis);

#endif
