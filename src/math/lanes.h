/* Sums in lanes of 16 and then over the lanes: an order that no register width changes. */
#ifndef THREADRACK_SRC_MATH_LANES_H
#define THREADRACK_SRC_MATH_LANES_H

#include <stddef.h>

enum { LANES = 16 };

static inline float lanes_total(const float *lanes)
{
    float sum = 0;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

/* float `sum` = the sum over j < n of `expression`, which may write to arrays too. */
#define LANES_SUM(sum, n, expression)                                                              \
    float sum;                                                                                     \
    do {                                                                                           \
        float lanes_[LANES] = {0};                                                                 \
        size_t whole_ = (n) - (n) % LANES;                                                         \
        for (size_t at_ = 0; at_ < whole_; at_ += LANES)                                           \
            for (size_t lane_ = 0; lane_ < LANES; lane_++) {                                       \
                size_t j = at_ + lane_;                                                            \
                lanes_[lane_] += (expression);                                                     \
            }                                                                                      \
        for (size_t j = whole_; j < (n); j++)                                                      \
            lanes_[j - whole_] += (expression);                                                    \
        (sum) = lanes_total(lanes_);                                                               \
    } while (0)

#endif
