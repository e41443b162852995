/* Rings in rings: members are points of a box of any number of dimensions (levels), the first of
 * which is the innermost: member x0 + d0 (x1 + d1 (x2 + ...)). Along each dimension in turn a
 * reduce-scatter goes round the ring of those that differ only there, each within the block that
 * the one before has left; then all-gathers go the same way back. */
#ifndef COMM_COLLECTIVES_NESTED_H
#define COMM_COLLECTIVES_NESTED_H

#include "blocks.h"

/* A walk through the dimensions. */
struct nest {
    int count;
    int sizes[LAYOUT_LEVELS], strides[LAYOUT_LEVELS];
    struct path paths[LAYOUT_LEVELS]; /* bandwidth 0: not known */
};

/* By the layout of the call's context, beginning with dimension `first` and going round. Without a
 * layout: two, the inner of which is the largest divisor of the size that is no larger than its
 * root.
 */
struct nest nest_of(const struct call *call, int first);
/* The index-th step of an all-reduce of that part of the vector. */
bool nest_step(const struct call *call, const struct nest *nest, struct share whole, int index,
               struct step *step);
/* Steps one way, there or back. */
int nest_half(const struct nest *nest);
/* The dimension along which the *at-th step on the way there goes, and in *at the how manieth along it that is; -1
 * beyond the last and before the first. Steps on the way back undo these, the last first. */
int nest_level(const struct nest *nest, int *at);
/* All members' steps that are the at-th on the way there, or, on the way back, undo it; along level k of size d_k
 * and stride s_k rings of every s_k-th of s_k d_k neighbours. Dimension 0 is the innermost. False beyond the last
 * and before the first. */
bool nest_round(const struct call *call, const struct nest *nest, int at, bool reduce, struct round *round);
/* One way, there or back: the sum over dimensions k of (d_k - 1)(alpha_k + n/(d_0 ... d_k beta_k)). */
uint64_t nest_ps(const struct nest *nest, size_t count, size_t element_bytes, struct path path);

#endif
