/* Reduce-scatters and all-gathers over levels, ring in ring (nested.h), which leave member i with block i, or
 * begin there. With levels from the inside out, member x0 + d0 (x1 + d1 (x2 + ...)):
 *
 *     scatter   along level 0   of all blocks, to each member of a box those of its like in every box: of number
 *                               x0 modulo d0, wherever they lie
 *               along level 1   of these, those of number x0 + d0 x1 modulo d0 d1, among its like in other boxes
 *               and so on       the last leaves one block
 *     gather    the same way back
 *
 * So most of the vector never leaves the box, and what does goes on all of its members' links at once.
 *
 * In strands, one a level, each has a share of every block and begins with another level (scatter: strand s with
 * level s), so that on a torus all dimensions are in use at once. */
#ifndef COMM_COLLECTIVES_NESTED_BLOCKS_H
#define COMM_COLLECTIVES_NESTED_BLOCKS_H

#include "nested.h"

enum nested_way { NESTED_SCATTER, NESTED_GATHER };

/* schedule.step, .piece and .round, by the layout of the call's context. `strands` is 1 or nested_strands. */
bool nested_blocks_step(const struct call *call, enum nested_way way, int strands, int index, struct step *step);
bool nested_blocks_piece(const struct call *call, enum nested_way way, int strands, int index, bool sent, int i,
                         struct share *range);
bool nested_blocks_round(const struct call *call, enum nested_way way, int index, struct round *round);
/* The sum over levels k of (d_k - 1)(alpha_k + n/(d_0 ... d_k beta_k)), either way. */
uint64_t nested_blocks_ps(const struct call *call, size_t element_bytes, struct path path);

int nested_strands(const struct call *call); /* one a level */
/* That of the slowest strand, where each level has links and ports of its own. */
uint64_t nested_strands_ps(const struct call *call, size_t element_bytes, struct path path);

#endif
