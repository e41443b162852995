/* Tiles of 8 to 14 rows by 32 floats: 28 sums, two of b's vectors and a factor in the 32 registers of
 * AVX-512. */
#include "blocks.h"

#define UNWATCHED no_sanitize("thread", "address", "undefined")

#ifdef __x86_64__
#include "../isa/avx512.h"

ISA static inline void copy_some(float *to, const float *from, size_t count)
{
    STORE_SOME(to, MASK_OF(count), LOAD_SOME(from, MASK_OF(count)));
}

#define HIGH     14
#define LOW      8
#define HEIGHTS  HEIGHT(8) HEIGHT(9) HEIGHT(10) HEIGHT(11) HEIGHT(12) HEIGHT(13) HEIGHT(14)
#define ASKED    4
#define MULTIPLY packed_avx512
#include "body.h"
#else
void packed_avx512(const struct large_product *product, const struct room *room)
{
    (void)product, (void)room;
}
#endif
