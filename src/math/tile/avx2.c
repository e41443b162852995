/* Tiles of 6 or 4 rows by 16 floats: twelve sums, two of b's vectors and a factor in the sixteen
 * registers of AVX2. */
#include "../tile.h"

#ifdef __x86_64__
#include "../isa/avx2.h"

#define UNROLLED false
#define HIGH     6
#define LOW      4
#define MULTIPLY tile_avx2
#include "body.h"
#else
void tile_avx2(const struct product *product)
{
    tile_generic(product);
}
#endif
