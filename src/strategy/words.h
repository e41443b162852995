/* The words that rank programs are written in, above those of the model and of comm. */
#ifndef STRATEGY_WORDS_H
#define STRATEGY_WORDS_H

#include "threadrack/strategy/strategy.h"

/* The rows of microbatch i, within this rank's rows. Where they are numbered through the run, they are all. */
struct share microbatch(const struct training *training, int i);

/* Where microbatch i lies in a chunk of the model: it keeps those in flight, and the largest are the
 * first. */
struct share slot_rows(const struct training *training, int chunk, int i);

/* Of the global batch those of a replica; none of a server. */
struct share replica_rows(const struct plan *plan, int replica);
/* How many rows' losses a rank's gradients are the mean of: the batch's, or its own. */
size_t rows_of_mean(const struct training *training);

/* Targets of a row that this rank has. */
size_t own_targets(const struct training *training);
/* Copies some of this step's rows, of this rank's, into the region; either may be NULL. A context rank
 * takes its slice of each. */
void load_rows(struct rank *self, const struct training *training, size_t step, struct share rows,
               void *inputs, void *targets);

/* What goes forward or back next is microbatch i of the step: dropout draws by where it is in the global batch. */
void key_dropout(struct training *training, size_t step, int i);

/* The loss of a microbatch: only tensor rank 0 counts it, so that the ranks' parts add up. */
double microbatch_loss(struct rank *self, struct training *training, int i);

/* Loads, forward and backward of all microbatches, one after the other (gradient accumulation): the
 * model keeps one of them, and the last calls gradient_ready. */
double train_in_turn(struct rank *self, struct training *training, size_t step);

/* What a pipeline's stage does in its next step, anew. */
void order_tasks(struct training *training);
bool flows(const struct training *training); /* see pipeline_schedule.flows */
/* As train_in_turn, of a pipeline's stage, in the order of its schedule, with the rows loaded on the way. */
double train_in_stages(struct rank *self, struct training *training, size_t step);
/* Behind a step of a schedule that does not flow: as many test rows forward through the stages, with their loss. */
void test_in_stages(struct rank *self, struct training *training, size_t rows);

/* Of a stage that flows (pipeline_schedule.flows): room for older versions of its weights; how many updates
 * those had had that a minibatch's forward pass saw; these or the latest ones for what the model does next;
 * and, before an update, the latest ones are kept if a minibatch in flight has seen them. */
void stash_init(struct rank *self, struct training *training);
int stash_seen(const struct training *training, int minibatch);
void stash_look_back(struct training *training, int minibatch);
void stash_look_at_latest(struct training *training);
void stash_keep(struct rank *self, struct training *training);

/* The gradients of a table that the first and the last stage share become their sum. Behind the sums
 * over replicas. */
void sum_tied(struct training *training);

/* Hooks for the model. */
void bucket_gradient_ready(void *training, struct rank *self, size_t at, size_t count);
void tensor_sum_forward(void *training, struct rank *self, float *partial, size_t count);
void tensor_sum_backward(void *training, struct rank *self, float *partial, size_t count);

/* Buckets (PyTorch's DDP: Li et al. 2020): ranges of gradients, from the last layer to the first,
 * exchanged over the data group as soon as they hold `bucket` bytes. */
void buckets_init(struct training *training, struct rank *self);
void buckets_release(struct buckets *buckets);
/* Cuts the ranges and, with zero, what this rank updates of each: before buckets_init. */
void buckets_cut(struct rank *self, struct training *training);
/* All gradients of the step are the sums over the replicas. */
void buckets_wait(struct buckets *buckets);
/* Waits for the gradients and updates. With zero a rank updates its share of each bucket, whose
 * parameters are then gathered while the next share is updated. */
void update_together(struct rank *self, struct training *training);

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
