#include "tests/check.h"

#include "threadrack/base/philox.h"

/* Known answers of the Random123 distribution (kat_vectors, philox4x32 10). */
static void known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], result[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t result[4];
        philox4x32(cases[i].counter, cases[i].key, result);
        CHECK(!memcmp(result, cases[i].result, sizeof result));
    }
}

static void moments(void)
{
    struct draw draw = {.seed = 1, .purpose = PURPOSE_TEST};
    double uniform = 0, normal = 0, square = 0;
    int n = 100000;
    for (int i = 0; i < n; i++) {
        double u = draw_uniform(draw, (uint64_t)i), z = draw_normal(draw, (uint64_t)i);
        CHECK(u >= 0 && u < 1);
        uniform += u;
        normal += z;
        square += z * z;
    }
    CHECK_NEAR(uniform / n, 0.5, 0.005);
    CHECK_NEAR(normal / n, 0, 0.015);
    CHECK_NEAR(square / n, 1, 0.02);
}

/* Box and Muller from the same bits by libm: our own logarithm and cosine are right. */
static void normal_is_box_muller(void)
{
    struct draw draw = {.seed = 9, .purpose = PURPOSE_TEST, .rank = 3, .step = 4};
    for (uint64_t i = 0; i < 10000; i++) {
        uint32_t counter[4] = {(uint32_t)i, 0, 3, 4}, result[4];
        uint32_t key[2] = {9, (uint32_t)PURPOSE_TEST * 0x9E3779B9u};
        philox4x32(counter, key, result);
        double u = (double)(((uint64_t)result[1] << 32 | result[0]) >> 11) * 0x1p-53;
        double v = (double)(((uint64_t)result[3] << 32 | result[2]) >> 11) * 0x1p-53;
        CHECK_NEAR(draw_normal(draw, i), sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v), 1e-14);
    }
}

static void purposes_and_ranks_differ(void)
{
    struct draw a = {.seed = 1, .purpose = PURPOSE_TEST}, b = a, c = a, d = a;
    b.purpose = PURPOSE_DATA;
    c.rank = 1;
    d.step = 1;
    uint64_t bits = draw_bits(a, 5);
    CHECK(bits != draw_bits(b, 5));
    CHECK(bits != draw_bits(c, 5));
    CHECK(bits != draw_bits(d, 5));
    CHECK(bits != draw_bits(a, 6));
    CHECK(bits == draw_bits(a, 5));
}

SUITE("base: philox", TEST(known_answers), TEST(moments), TEST(normal_is_box_muller), TEST(purposes_and_ranks_differ));
