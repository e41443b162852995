/* Between the files of sharding: its ranges (sharding_ranges.c), what goes through rooms (sharding_parts.c), and
 * set-up and update (sharding.c). */
#ifndef STRATEGY_SHARDING_INSIDE_H
#define STRATEGY_SHARDING_INSIDE_H

#include "sharding.h"

/* A place n floats behind, also of a rank that is not real. */
static inline float *at(float *base, size_t n)
{
    return base ? base + n : NULL;
}

/* ---- Ranges. ---- */

/* Of all buckets that are cut: which there are, which of them lie together, and the rank's shares; how many floats
 * these are. */
size_t sharding_share_out(struct rank *self, struct sharding *sharding, const struct training *training);
/* Of all ranks with the same experts, or of all replicas; but for zero.shard. Parameters are gathered over them. */
struct group *sharding_sharers(struct rank *self, const struct plan *plan, bool experts);
bool sharding_is_of_experts(const struct sharding *sharding, int range);
/* The range of experts that lies behind this one, of the same layer; -1: none. They are in a room together. */
int sharding_behind(const struct sharding *sharding, int range);
/* Of a part; -1: it has no parameters. */
int sharding_range_of(const struct sharding *sharding, const struct model *model, int part);
/* Whether the range, or experts', begins in the part. */
bool sharding_begins_within(const struct sharding *sharding, const struct model *model, int part, int range);

/* ---- Rooms. ---- */

int sharding_tenant_count(const struct sharding *sharding);
struct allreduce *sharding_gather_over(struct sharding *sharding, int range);
/* Of the rank's share of range i, where they are when the step ends. */
float *sharding_own_gradients(const struct sharding *sharding, const struct model *model, int i);
/* All that lie in rooms are in the rank's shares. */
void sharding_collect(struct rank *self, struct sharding *sharding);

#endif
