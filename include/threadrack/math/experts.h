/* A mixture of experts (Shazeer et al. 2017; GShard: Lepikhin et al. 2021): which tokens go to which
 * experts, and on what terms they come back.
 *
 * A row (a sequence) is a group of GShard's: routing, capacity and balance are its own, so that how
 * rows are spread over nodes and microbatches changes nothing. Letters: R rows, T tokens of a row, E
 * experts, k choices of a token, C places of an expert for a row's tokens, D the width.
 */
#ifndef THREADRACK_MATH_EXPERTS_H
#define THREADRACK_MATH_EXPERTS_H

#include <stddef.h>
#include <stdint.h>

struct routing {
    size_t experts, choices, tokens, capacity, width; /* E, k, T, C, D */
};

/* C = ceil(factor k T / E), at least 1 and at most T. */
size_t math_expert_capacity(double factor, size_t choices, size_t tokens, size_t experts);

/* `p` (R, T, E) comes as logits, and becomes their softmax. The k largest of a token are its choices,
 * the lower of equals first; its gates (R, T, k) are their probabilities, divided by their sum where
 * k > 1. Places of an expert go to first choices in the order of tokens, then to second ones, and so
 * on (GShard, algorithm 1). `places` (R, T, k): expert * C + place, or -1 - expert of a choice that
 * found no place. */
void math_route(const struct routing *s, size_t rows, float *p, int32_t *places, float *gates);
/* dlogits (R, T, E) from dgates (R, T, k), and from the loss that balances the experts: a row's is
 * `balance` * E * the sum over experts of f P, of all choices the share f that chose it (which has no
 * gradient), and its mean probability P (Fedus et al. 2022, equation 4). */
void math_route_backward(const struct routing *s, size_t rows, const float *p,
                         const int32_t *places, const float *gates, const float *dgates,
                         float balance, float *dlogits);
/* The sum over the rows of that loss, its `balance` being 1. */
double math_route_balance(const struct routing *s, size_t rows, const float *p,
                          const int32_t *places);

/* in (E, R, C, D): the tokens x (R, T, D) at their places, and zeros where nobody is. */
void math_dispatch(const struct routing *s, size_t rows, const float *x, const int32_t *places,
                   float *in);
/* dx (R, T, D) = what comes back from din, in the order of choices; without a place nothing. */
void math_dispatch_backward(const struct routing *s, size_t rows, const float *din,
                            const int32_t *places, float *dx);
/* y (R, T, D) = x, or 0 where it is NULL, + the sum over choices of gate * out (E, R, C, D) at the place. */
void math_combine(const struct routing *s, size_t rows, const float *x, const float *out,
                  const int32_t *places, const float *gates, float *y);
/* dout (E, R, C, D), zeros where nobody is, and dgates (R, T, k). */
void math_combine_backward(const struct routing *s, size_t rows, const float *dy, const float *out,
                           const int32_t *places, const float *gates, float *dout, float *dgates);

#endif
