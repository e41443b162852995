/* Tiles of 4 to 6 rows by 16 floats: see ../tile/avx2.c. */
#include "blocks.h"

#define UNWATCHED no_sanitize("thread", "address", "undefined")

#ifdef __x86_64__
#include "../isa/avx2.h"

#include <string.h>

/* A masked store is slow on some of AMD's. */
ISA static inline void copy_some(float *to, const float *from, size_t count)
{
    memcpy(to, from, 4 * sizeof *to);
    if (count > 4)
        to[4] = from[4];
    if (count > 5)
        to[5] = from[5];
}

#define HIGH     6
#define LOW      4
#define HEIGHTS  HEIGHT(4) HEIGHT(5) HEIGHT(6)
#define ASKED    1
#define MULTIPLY packed_avx2
#include "body.h"
#else
void packed_avx2(const struct large_product *product, const struct room *room)
{
    (void)product, (void)room;
}
#endif
