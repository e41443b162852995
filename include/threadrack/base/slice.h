/* What a member of a context group has of a sequence: one run of positions, or two.
 *
 *   contiguous  slice i of p is the i-th of p runs
 *   zigzag      the sequence is cut into 2p chunks, and slice i has chunks i and 2p - 1 - i: where each
 *               position looks at all before it, slices then have equally many pairs to look at (Llama
 *               Team 2024, The Llama 3 Herd of Models, section 3.3.2)
 *
 * A slice's positions lie one behind the other: those of its first run, then those of its second.
 */
#ifndef THREADRACK_BASE_SLICE_H
#define THREADRACK_BASE_SLICE_H

#include "threadrack/base/share.h"

enum slices { SLICES_ZIGZAG, SLICES_CONTIGUOUS };

enum { SLICE_RUNS = 2 };
struct slice {
    struct share runs[SLICE_RUNS]; /* ascending, of one length */
    int count;
};

static inline size_t slice_positions(const struct slice *slice)
{
    return (size_t)slice->count * slice->runs[0].count;
}

/* Into how many runs p slices cut a sequence, whose length that must divide. */
static inline size_t slices_runs(enum slices kind, size_t p)
{
    return kind == SLICES_ZIGZAG && p > 1 ? 2 * p : p;
}

/* Slice i of p of so many positions. */
static inline struct slice slice_of(size_t positions, enum slices kind, size_t p, size_t i)
{
    size_t runs = slices_runs(kind, p), length = positions / runs;
    return (struct slice){.runs = {{i * length, length}, {(runs - 1 - i) * length, length}},
                          .count = runs > p ? 2 : 1};
}

#endif
