/* Eight floats a register, sixteen registers: what tile/body.h and packed/body.h are written in. */
#ifndef THREADRACK_SRC_MATH_ISA_AVX2_H
#define THREADRACK_SRC_MATH_ISA_AVX2_H

#include "unwatched.h"

#include <immintrin.h>
#include <stdint.h>

/* Eight true words, then eight false. */
static const int32_t lanes_wanted[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

#define ISA                         __attribute__((target("avx2,fma"), UNWATCHED))
#define VECTOR                      __m256
#define LANES                       8
#define MASK                        __m256i
#define MASK_OF(n)                  _mm256_loadu_si256((const __m256i *)(lanes_wanted + 8 - (n)))
#define ZERO                        _mm256_setzero_ps()
#define LOAD(from)                  _mm256_loadu_ps(from)
#define STORE(to, value)            _mm256_storeu_ps(to, value)
#define LOAD_SOME(from, mask)       _mm256_maskload_ps(from, mask)
#define STORE_SOME(to, mask, value) _mm256_maskstore_ps(to, mask, value)
#define BROADCAST(from)             _mm256_broadcast_ss(from)
#define FUSED(a, b, c)              _mm256_fmadd_ps(a, b, c)
#define ADD(a, b)                   _mm256_add_ps(a, b)
#define MULTIPLIED(a, b)            _mm256_mul_ps(a, b)

#endif
