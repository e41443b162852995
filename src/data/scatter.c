#include "scatter.h"

#include "threadrack/base/philox.h"

enum { ROUNDS = 6 };

/* Half the bits of the smallest power of four that is not below count. */
static int half_bits(size_t count)
{
    int half = 1;
    while (half < 32 && (size_t)1 << 2 * half < count)
        half++;
    return half;
}

size_t scatter(uint64_t seed, size_t epoch, size_t count, size_t position)
{
    int half = half_bits(count);
    uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t left = position >> half, right = position & mask;
        for (uint32_t round = 1; round <= ROUNDS; round++) {
            struct draw draw = {seed, PURPOSE_SHUFFLE, -round, (uint32_t)epoch};
            uint64_t mixed = left ^ (draw_bits(draw, right) & mask);
            left = right;
            right = mixed;
        }
        position = left << half | right;
    } while (position >= count);
    return position;
}
