/* Two binary trees at once (Sanders, Speck, Traeff: Two-tree algorithms for full bandwidth
 * broadcast, reduction and scan, Parallel Computing 35, 2009). Both span all places but the root's;
 * who has children in one has none in the other. Even chunks go down the first, odd ones down the
 * second. Edges have two colours, such that in each step every member receives at most one chunk
 * and sends at most one: so both directions of all links can be busy, in about 2 lg p + m steps
 * of m chunks, where a single binary tree needs twice as many a chunk. */
#ifndef COMM_COLLECTIVES_DOUBLE_TREE_H
#define COMM_COLLECTIVES_DOUBLE_TREE_H

#include "tree.h"

/* Steps of this member. */
int double_tree_steps(const struct call *call);
/* From the root down. */
bool double_tree_down(const struct call *call, int index, struct step *step);
/* The same backwards: sums go up to the root. */
bool double_tree_up(const struct call *call, int index, struct step *step);
/* Steps until the last member has the last chunk, each with the largest chunk. Down, exact where
 * the number of chunks divides the count, but in a group of three, which may take less. Where it
 * does not, and on the way up, members that are ahead of their steps may take another's port before
 * a message that was to come first: what is tested takes a third longer at most. */
uint64_t double_tree_ps(const struct call *call, size_t element_bytes, struct path path);

#endif
