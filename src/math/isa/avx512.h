/* Sixteen floats a register, thirty-two registers: what tile/body.h and packed/body.h are written in. */
#ifndef THREADRACK_SRC_MATH_ISA_AVX512_H
#define THREADRACK_SRC_MATH_ISA_AVX512_H

#include "unwatched.h"

#include <immintrin.h>

#define ISA                         __attribute__((target("avx512f,avx2,fma"), UNWATCHED))
#define VECTOR                      __m512
#define LANES                       16
#define MASK                        __mmask16
#define MASK_OF(n)                  ((__mmask16)((1u << (n)) - 1))
#define ZERO                        _mm512_setzero_ps()
#define LOAD(from)                  _mm512_loadu_ps(from)
#define STORE(to, value)            _mm512_storeu_ps(to, value)
#define LOAD_SOME(from, mask)       _mm512_maskz_loadu_ps(mask, from)
#define STORE_SOME(to, mask, value) _mm512_mask_storeu_ps(to, mask, value)
#define BROADCAST(from)             _mm512_set1_ps(*(from))
#define FUSED(a, b, c)              _mm512_fmadd_ps(a, b, c)
#define ADD(a, b)                   _mm512_add_ps(a, b)
#define MULTIPLIED(a, b)            _mm512_mul_ps(a, b)

#endif
