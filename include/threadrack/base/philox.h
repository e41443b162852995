/* Random numbers without a state: a draw is a pure function of what it is for.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011)
 * encrypts a counter with a key. The key is (seed, purpose), the counter (rank, step, sequence), so
 * that a draw is the same on any host, in any order, from any thread.
 */
#ifndef THREADRACK_BASE_PHILOX_H
#define THREADRACK_BASE_PHILOX_H

#include <stdint.h>

/* Who draws. Two purposes never share a stream. Add new ones at the end: results depend on them. */
enum purpose {
    PURPOSE_WEIGHTS, /* rank: the layer's index, step: its tensor, sequence: the element's index */
    PURPOSE_SHUFFLE, /* rank: a part's number + 1 or 0, or -(a round), step: epoch, sequence: position */
    PURPOSE_DATA,    /* rank: what of the set (src/data/drawn.h), step: row, sequence: column */
    PURPOSE_TEST,
    PURPOSE_NOISE, /* rank: the rank, step: 0, sequence: number of its compute op */
    PURPOSE_SPEED, /* rank: 0, step: 0, sequence: the node */
    PURPOSE_COMPRESS, /* rank: the sender, step, sequence: the element */
    PURPOSE_PARTITION, /* rank: what is drawn, step: its number, sequence */
    PURPOSE_SAMPLE, /* rank: 0, step: round, sequence: place among the clients */
    PURPOSE_TEXT,   /* rank: 0, step: 0, sequence: the token */
    PURPOSE_LINKS,  /* rank: 0 for which are slow, 1 for how slow, step: 0, sequence: the cable */
    PURPOSE_PLACEMENT, /* rank: 0, step: 0, sequence: how many nodes are left to choose from */
    PURPOSE_DROPOUT,   /* rank: the layer's index twice, and 1 more for attention, step, sequence: a quarter of
                        * the element's index among all of a step */
    PURPOSE_GOSSIP     /* rank: who asks, step: its iteration, sequence: 0 and 1 */
};

struct draw {
    uint64_t seed;
    enum purpose purpose;
    uint32_t rank;
    uint32_t step;
};

/* The block cipher itself, for the known-answer test: counter and result are 4 words, key is 2. */
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4]);

void draw_words(struct draw draw, uint64_t sequence, uint32_t words[4]); /* 128 random bits */
uint64_t draw_bits(struct draw draw, uint64_t sequence);    /* 64 random bits */
double draw_uniform(struct draw draw, uint64_t sequence);   /* in [0, 1), 53 bits */
double draw_normal(struct draw draw, uint64_t sequence);    /* mean 0, variance 1 (Box, Muller) */
/* In [0, bound), without bias (Lemire 2019 with the whole product, bias below 2^-32). */
uint32_t draw_below(struct draw draw, uint64_t sequence, uint32_t bound);

#endif
