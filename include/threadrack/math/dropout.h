/* Dropout (Srivastava et al. 2014), inverted as in PyTorch: an element stays with a probability of 1 - rate, times
 * 1 / (1 - rate), or is 0. Whether it stays is a pure function of the draw and of the element's index. */
#ifndef THREADRACK_MATH_DROPOUT_H
#define THREADRACK_MATH_DROPOUT_H

#include "threadrack/base/philox.h"

#include <stddef.h>
#include <stdint.h>

/* kept[i] is 1 where element first + i stays, else 0. Four of them share a block of the generator. */
void math_dropout_draw(struct draw draw, double rate, uint64_t first, size_t n, uint8_t *kept);
/* y = x times `factor` where it stays, else 0; y may be x. The way back is the same of the gradient. */
void math_dropout(size_t n, const uint8_t *kept, float factor, const float *x, float *y);

#endif
