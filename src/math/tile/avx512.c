/* Tiles of 8 or 4 rows by 32 floats, in half the registers of AVX-512: sixteen sums are in flight,
 * and eight rows divide what is common. */
#include "../tile.h"

#ifdef __x86_64__
#include <immintrin.h>

#define ISA                         __attribute__((target("avx512f")))
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
#define UNROLLED                    true
#define HIGH                        8
#define LOW                         4
#define MULTIPLY                    tile_avx512
#include "body.h"
#else
void tile_avx512(const struct product *product)
{
    tile_generic(product);
}
#endif
