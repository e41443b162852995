/* A pipelined chain: the vector goes in `chunks` parts from place 0 to place p-1, or the other way
 * round; every member but the ends receives a part while it sends on the one before. */
#ifndef COMM_COLLECTIVES_CHAIN_H
#define COMM_COLLECTIVES_CHAIN_H

#include "tree.h"

/* `place` of `places`, counted from where the vector comes from, and the members on either side. */
bool chain_step(const struct call *call, int place, int before, int behind, int index,
                struct step *step);
/* The index-th round of all members: down to the last one, or up, adding, to member 0. */
bool chain_round(const struct call *call, bool up, int index, struct round *round);
/* (p - 2 + m)(alpha + n/(m beta)), m chunks. */
uint64_t chain_ps(const struct call *call, size_t element_bytes, struct path path);

#endif
