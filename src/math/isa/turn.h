/* Matrices turned in registers, eight rows at a time. */
#ifndef THREADRACK_SRC_MATH_ISA_TURN_H
#define THREADRACK_SRC_MATH_ISA_TURN_H

#include "unwatched.h"

#include <immintrin.h>
#include <stddef.h>

/* Four columns of eight rows, from column `at` on, to four stretches of eight that lie `apart`. */
__attribute__((target("avx2"), UNWATCHED, always_inline)) static inline void
turn_four(const float *const *rows, size_t at, float *to, size_t apart)
{
    __m256 x[4], y[4];
#pragma GCC unroll 4
    for (size_t r = 0; r < 4; r++) {
        __m128 first = _mm_loadu_ps(rows[r] + at), second = _mm_loadu_ps(rows[r + 4] + at);
        x[r] = _mm256_insertf128_ps(_mm256_castps128_ps256(first), second, 1);
    }
#pragma GCC unroll 2
    for (int r = 0; r < 4; r += 2) {
        y[r] = _mm256_unpacklo_ps(x[r], x[r + 1]);
        y[r + 1] = _mm256_unpackhi_ps(x[r], x[r + 1]);
    }
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++, to += 2 * apart) {
        _mm256_storeu_ps(to, _mm256_shuffle_ps(y[r], y[r + 2], 0x44));
        _mm256_storeu_ps(to + apart, _mm256_shuffle_ps(y[r], y[r + 2], 0xee));
    }
}

#endif
