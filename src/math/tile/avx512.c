/* Tiles of 8 or 4 rows by 32 floats, in half the registers of AVX-512: sixteen sums are in flight,
 * and eight rows divide what is common. */
#include "../tile.h"

#ifdef __x86_64__
#include "../isa/avx512.h"

#define UNROLLED true
#define HIGH     8
#define LOW      4
#define MULTIPLY tile_avx512
#include "body.h"
#else
void tile_avx512(const struct product *product)
{
    tile_generic(product);
}
#endif
