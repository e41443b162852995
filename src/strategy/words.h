/* The words that rank programs are written in, above those of the model and of comm. */
#ifndef STRATEGY_WORDS_H
#define STRATEGY_WORDS_H

#include "threadrack/strategy/strategy.h"

/* The rows of microbatch i, within this rank's rows. */
struct share microbatch(const struct training *training, int i);

/* Copies this step's rows into the region: inputs on the first stage, targets on the last. */
void load_batch(struct rank *self, struct training *training, size_t step);

/* The loss of a microbatch: only tensor rank 0 counts it, so that the ranks' parts add up. */
double microbatch_loss(struct rank *self, struct training *training, int i);

/* Forward and backward of all microbatches, one after the other (gradient accumulation). */
double train_in_turn(struct rank *self, struct training *training);

/* Forward of all microbatches, then backward of all, stage by stage:
 *
 *     stage 0   F0 F1 F2 F3             B0 B1 B2 B3
 *     stage 1      F0 F1 F2 F3       B0 B1 B2 B3
 *     stage 2         F0 F1 F2 F3 B0 B1 B2 B3
 *
 * (GPipe, Huang et al. 2019; the idle share of a step is (p-1)/(m+p-1).) */
double train_in_stages(struct rank *self, struct training *training);

/* Hooks for the model. */
void bucket_gradient_ready(void *training, struct rank *self, size_t at, size_t count);
void tensor_sum_forward(void *training, struct rank *self, float *partial, size_t count);
void tensor_sum_backward(void *training, struct rank *self, float *partial, size_t count);

/* Buckets (PyTorch's DDP: Li et al. 2020): ranges of gradients, from the last layer to the first,
 * exchanged over the data group as soon as they hold `bucket` bytes. */
void buckets_init(struct buckets *buckets, struct rank *self, const struct training *training);
void buckets_release(struct buckets *buckets);
/* All gradients of the step are the sums over the replicas. */
void buckets_wait(struct rank *self, struct buckets *buckets);

/* ---- Of servers that have the parameters in shares. ---- */

/* What server i has of the parameters, which lie in one piece. */
struct share server_share(const struct plan *plan, int i);
/* A hook: a worker pushes each share as soon as its gradients are there. */
void servers_gradient_ready(void *training, struct rank *self, size_t at, size_t count);

/* ---- Of replicas that update alone. ---- */

/* A step on the rank's own rows: forward, backward, update. */
double train_alone(struct rank *self, struct training *training, size_t step);
/* The parameters become the mean of those of the members. */
void average_parameters(struct rank *self, struct training *training, struct allreduce *over);
/* A pass over all parameters: so many operations and arrays read or written an element. */
struct work parameters_work(const struct training *training, uint64_t flops, uint64_t arrays);
/* to = from, costed; either may be NULL where the rank is not real. */
void copy_parameters(struct rank *self, const struct training *training, float *to,
                     const float *from);

#endif
