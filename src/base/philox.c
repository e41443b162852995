#include "threadrack/base/philox.h"

#include "threadrack/base/exact.h"

#include <math.h>

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t result[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    result[0] = c0;
    result[1] = c1;
    result[2] = c2;
    result[3] = c3;
}

void draw_words(struct draw draw, uint64_t sequence, uint32_t result[4])
{
    /* The seed's high half and the purpose share a key word; a seed below 2^32 is untouched. */
    uint32_t key[2] = {(uint32_t)draw.seed,
                       (uint32_t)(draw.seed >> 32) ^ ((uint32_t)draw.purpose * 0x9E3779B9u)};
    uint32_t counter[4] = {(uint32_t)sequence, (uint32_t)(sequence >> 32), draw.rank, draw.step};
    philox4x32(counter, key, result);
}

uint64_t draw_bits(struct draw draw, uint64_t sequence)
{
    uint32_t r[4];
    draw_words(draw, sequence, r);
    return (uint64_t)r[1] << 32 | r[0];
}

static double unit(uint32_t high, uint32_t low)
{
    return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

double draw_uniform(struct draw draw, uint64_t sequence)
{
    uint32_t r[4];
    draw_words(draw, sequence, r);
    return unit(r[1], r[0]);
}

/* libm's cos differs in a last bit from version to version, and so would every weight.
 * cos(2 pi u) for u in [0, 1): folded to a quarter turn, then Taylor's series. */
static double cos_turns(double u)
{
    double turn = u > 0.5 ? 1 - u : u;
    double sign = turn > 0.25 ? -1 : 1;
    double x = 6.283185307179586 * (turn > 0.25 ? 0.5 - turn : turn), square = x * x, sum = 1;
    static const double factors[] = {1.0 / (24 * 23), 1.0 / (22 * 21), 1.0 / (20 * 19),
                                     1.0 / (18 * 17), 1.0 / (16 * 15), 1.0 / (14 * 13),
                                     1.0 / (12 * 11), 1.0 / (10 * 9),  1.0 / (8 * 7),
                                     1.0 / (6 * 5),   1.0 / (4 * 3),   1.0 / (2 * 1)};
    for (int k = 0; k < 12; k++)
        sum = 1 - sum * square * factors[k];
    return sign * sum;
}

double draw_normal(struct draw draw, uint64_t sequence)
{
    uint32_t r[4];
    draw_words(draw, sequence, r);
    double radius = sqrt(-2.0 * exact_log(1.0 - unit(r[1], r[0])));
    return radius * cos_turns(unit(r[3], r[2]));
}

uint32_t draw_below(struct draw draw, uint64_t sequence, uint32_t bound)
{
    return (uint32_t)(((unsigned __int128)draw_bits(draw, sequence) * bound) >> 64);
}
