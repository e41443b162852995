/* PowerSGD's exchange (Vogels, Karimireddy, Jaggi, NeurIPS 2019): of each matrix M (n x m) of a range the
 * factors P (n x r) and Q (m x r) cross the network instead of n m elements.
 *
 *     M += what was left out        P = M Q       -> all-reduce ->   P: orthonormal columns
 *     Q = M^T P  -> all-reduce ->   sum of M = P Q^T                 left out: M - (P Q^T) / members
 *
 * That is a step of subspace iteration: Q of one step begins the next. What is no matrix goes along
 * with P as it is. */
#ifndef COMM_LOWRANK_H
#define COMM_LOWRANK_H

#include "threadrack/comm/exchange.h"

struct lowrank;

/* Of the matrices that lie in the range; what lies between them is sent as it is. */
struct lowrank *lowrank_create(struct rank *self, struct allreduce *all,
                               const struct exchange_plan *plan, float *gradients, float *left,
                               struct share range, const struct matrix *matrices, int count);
void lowrank_free(struct lowrank *lowrank);
void lowrank_post(struct lowrank *lowrank);
void lowrank_wait(struct lowrank *lowrank);

#endif
