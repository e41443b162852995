/* Splitting n things over p places as evenly as they go: the first n mod p places have one more.
 * Rows of a batch, columns of a weight, layers of a pipeline and blocks of a collective are all
 * split by this one rule. */
#ifndef THREADRACK_BASE_SHARE_H
#define THREADRACK_BASE_SHARE_H

#include <stddef.h>

struct share {
    size_t begin;
    size_t count;
};

/* The share of place i of p; i in [0, p). */
static inline struct share share_of(size_t n, size_t p, size_t i)
{
    size_t each = n / p, more = n % p;
    return (struct share){.begin = i * each + (i < more ? i : more), .count = each + (i < more)};
}

/* Cuts n in proportion to p weights, each above 0, by largest remainders (Hamilton's method): each place
 * has the whole part of its quota n x weight / sum, and what is left goes one each to the largest
 * fractions, the first of equals. A share may come out empty. */
void shares_by_weight(size_t n, const double *weights, int p, struct share *shares);

#endif
