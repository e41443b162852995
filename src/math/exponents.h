/* What a softmax over scores that are partly masked begins with. */
#ifndef THREADRACK_SRC_MATH_EXPONENTS_H
#define THREADRACK_SRC_MATH_EXPONENTS_H

#include "functions.h"
#include "lanes.h"

#include <stdint.h>

/* The first n scores become exp(scale (score - most)), the others up to `room` 0; returns their sum. */
static inline float exponents(size_t n, size_t room, float scale, float most, float *scores)
{
    size_t whole = lanes_whole(n, room);
    uint32_t first = (uint32_t)n;
    LANES_SUM(sum, whole, scores[j] = (uint32_t)j < first ? function_exp(scale * (scores[j] - most)) : 0.0f);
    memset(scores + whole, 0, (room - whole) * sizeof *scores);
    return sum;
}

#endif
