/* Tiles of 4 rows by 8 floats with what every processor has: a multiplication and an addition. */
#include "../tile.h"

#include <string.h>

typedef float four __attribute__((vector_size(16)));

static inline four load_four(const float *from, size_t count)
{
    four value = {0};
    memcpy(&value, from, count * sizeof *from);
    return value;
}

static inline void store_four(float *to, size_t count, four value)
{
    memcpy(to, &value, count * sizeof *to);
}

#define ISA
#define VECTOR                      four
#define LANES                       4
#define MASK                        size_t
#define MASK_OF(n)                  (n)
#define ZERO                        ((four){0})
#define LOAD(from)                  load_four(from, 4)
#define STORE(to, value)            store_four(to, 4, value)
#define LOAD_SOME(from, mask)       load_four(from, mask)
#define STORE_SOME(to, mask, value) store_four(to, mask, value)
#define BROADCAST(from)             ((four){*(from), *(from), *(from), *(from)})
#define FUSED(a, b, c)              ((a) * (b) + (c))
#define ADD(a, b)                   ((a) + (b))
#define UNROLLED                    false
#define HIGH                        4
#define LOW                         2
#define MULTIPLY                    tile_generic
#include "body.h"
