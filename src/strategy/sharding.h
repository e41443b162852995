/* Sharded data parallelism (ZeRO: Rajbhandari et al. 2020, section 5; FSDP: Zhao et al. 2023): of each
 * range of parameters (a bucket) a rank updates the block that a reduce-scatter of gradients leaves it.
 *
 *   zero=1  optimizer state is kept of these shares alone; parameters are gathered behind the update
 *   zero=2  gradients too: a range's lie in one of two rooms, which take turns, from its backward pass
 *           until they are reduce-scattered; then this rank's share is kept
 *   zero=3  parameters too: a range's are gathered into one of `prefetch` + 1 rooms before it goes
 *           forward, and again before it goes backward; where a block that is done again (recompute=full) is
 *           in two ranges, both are there before, and one room more is, which gathers ahead use, too
 *
 * The ranks among whom a range is cut may be a part of the data group (zero.shard: hierarchical sharding, MiCS:
 * Zhang et al. 2022; FSDP's HYBRID_SHARD): then each share is summed over its copies, too, by an all-reduce that
 * follows the reduce-scatter of its range, once a step, behind the last microbatch.
 *
 * Of a mixture whose experts a group shares out, experts' ranges are cut among those who have the same ones, all else
 * among all replicas; a room has the experts of a layer behind its rest.
 *
 * A range whose parameters are borrowed (tied embeddings) has a room of its own throughout a pass; so has the first
 * layer where it is two ranges: in a pipeline its table, which the last stage has, too, is one by itself on both, and
 * those who have the same share of it add up their gradients.
 */
#ifndef STRATEGY_SHARDING_H
#define STRATEGY_SHARDING_H

#include "threadrack/strategy/strategy.h"

/* Where whole ranges lie for a while: those next to each other in different rooms. */
struct rooms {
    float **turns, *apart; /* NULL where the rank is not real */
    int count;             /* of turns */
};

/* Gradients in a room, of which a range's backward pass has begun. */
struct tenant {
    int range; /* -1: none */
    bool posted, first; /* handed to the reduce-scatter; of the step's first microbatch */
};

struct sharding {
    int stage, ahead, ahead_back; /* ranges that are gathered before their use, forward and back */
    struct share *ranges; /* the buckets', from the last layer to the first; behind them those of experts that a ... */
    int count, rest;      /* ... group shares out, from the rest-th on */
    int *pair; /* of experts, the range before them in the same layer, and the other way round; -1: none */
    struct share *shares; /* this rank's, one a range */
    size_t *packed;       /* where each begins in what follows */
    float *parameters, *gradients;
    float **own; /* gradients of each share, where they are when the step ends */
    int apart; /* the first range of those that have a room throughout: they are the first layer's; rest: none */
    struct rooms parameter_rooms, gradient_rooms;
    struct tenant *tenants; /* one a gradient room, and one a range apart */
    struct allreduce gather, gather_experts;
    struct request *gathers; /* one a range */
    int posted;              /* of them, in this pass ... */
    int low, high;           /* ... which goes through these ranges, a chunk's; high included */
    struct exchange *exchange, *exchange_experts;
    struct allreduce copies; /* of those that hold the same shares; unused where there are none */
    bool copied;             /* there are */
    struct request *sums;    /* over them, one a range */
    int summed;              /* of zero=1: ranges whose sums are posted in this step */
    int microbatches, *collected; /* of them, by range, whose gradients are in the rank's shares */
};

/* In set-up, behind the model's, of all buckets that are cut. */
struct sharding *sharding_create(struct rank *self, struct training *training);
void sharding_free(struct sharding *sharding);
/* Hooks for the model, of zero=2 and 3; the context is the training. */
void sharding_part_begins(void *training, struct rank *self, int i, enum way way, bool first);
void sharding_part_ends(void *training, struct rank *self, int i, enum way way);
/* Of zero=1, before range i is handed to the reduce-scatter: sums over copies of those before it. */
void sharding_follow(struct rank *self, struct training *training, int i);
/* The step's gradients are there: updates the shares and, below 3, gathers what came of them. */
void sharding_update(struct rank *self, struct training *training);

#endif
