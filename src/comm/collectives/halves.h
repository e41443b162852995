/* Recursive halving and doubling over each member's own block, for any size: where members are
 * folded (see struct fold), a place stands for the blocks of both. */
#ifndef COMM_COLLECTIVES_HALVES_H
#define COMM_COLLECTIVES_HALVES_H

#include "blocks.h"

/* Steps of this member. */
int halves_steps(const struct call *call);
/* Reduce-scatter: fold whole vectors, halve, give the folded neighbour its block. */
bool halving_step(const struct call *call, int index, struct step *step);
uint64_t halving_ps(const struct call *call, size_t element_bytes, struct path path);
/* Between members, or places, at half of a half of ... `halvings` times 2^rounds of them. */
struct round halves_round(int rounds, int halvings, bool halving);
/* All-gather: the same backwards. */
bool doubling_step(const struct call *call, int index, struct step *step);

#endif
