/* The core of attention over a context group (Liu et al. 2023, Ring Attention with Blockwise Transformers):
 * every rank has the queries, keys and values of its slice. Keys and values go round the group, c - 1
 * times to the next; whoever has them lets its queries meet them while they go on:
 *
 *     rank 0:  q0 k0 | q0 k3 | q0 k2 | q0 k1          step s: the slice of rank i - s
 *     rank 1:  q1 k1 | q1 k0 | q1 k3 | q1 k2          what is behind all queries is not computed
 *
 * On the way back they go round again, and their gradients one step behind: a rank adds what its queries
 * say and passes the sum on, so that it comes home after c - 1 times, too. A slice of R rows has
 * 2 R t c floats of keys and values, so a rank sends (c - 1) times that forward and twice as much back.
 */
#ifndef THREADRACK_SRC_MODEL_RING_H
#define THREADRACK_SRC_MODEL_RING_H

#include "layer.h"

#include "threadrack/math/transformer.h"

/* Floats that are kept of a query of a head: the largest score and the sum of exponents. */
enum { RING_KEEPS = 2 };

struct ring {
    const struct pass *pass;
    struct attention shape; /* of the rank's heads and slice */
    const float *qkv;       /* (R, t, 3ND) */
    float *y;               /* (R, t, ND) */
    float *most, *sum;      /* (R, N, t) */
    const float *dy;
    float *delta; /* (R, N, t), on the way back */
    float *dqkv;
    struct attention_drops drops; /* where the pass drops */
};

/* Floats in all. */
size_t ring_scratch(const struct model_part *part, struct attention shape, bool drops);
/* Floats a row of layer_needs.travelling. */
size_t ring_rooms(struct attention shape);

void ring_attend(const struct ring *ring);
void ring_attend_back(const struct ring *ring);

#endif
