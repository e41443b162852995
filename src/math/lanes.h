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

/* The largest of `most` and n values. */
static inline float lanes_most(size_t n, const float *values, float most)
{
    float lanes[LANES];
    size_t whole = n - n % LANES;
    for (size_t lane = 0; lane < LANES; lane++)
        lanes[lane] = most;
    for (size_t at = 0; at < whole; at += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = values[at + lane] > lanes[lane] ? values[at + lane] : lanes[lane];
    for (size_t j = whole; j < n; j++)
        lanes[j - whole] = values[j] > lanes[j - whole] ? values[j] : lanes[j - whole];
    for (size_t lane = 0; lane < LANES; lane++)
        most = lanes[lane] > most ? lanes[lane] : most;
    return most;
}

/* n in whole lanes, where there is room for them: what is beyond n is made 0, which changes no bit of a sum
 * and is quicker than values one by one. */
static inline size_t lanes_whole(size_t n, size_t room)
{
    size_t whole = (n + LANES - 1) / LANES * LANES;
    return whole <= room ? whole : n;
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
