/* Dropout: an element's draw is its own, whatever is drawn beside it; so many stay; what stays is scaled. */
#include "tests/check.h"

#include "threadrack/math/dropout.h"

#include <stdbool.h>
#include <string.h>

enum { COUNT = 40000 };
static const struct draw key = {.seed = 3, .purpose = PURPOSE_DROPOUT, .rank = 5, .step = 7};
static uint8_t all[COUNT], part[COUNT];

static void draws_depend_on_the_index_alone(void)
{
    math_dropout_draw(key, 0.4, 0, 64, all);
    for (uint64_t first = 0; first < 9; first++)
        for (size_t n = 0; n < 9; n++) {
            math_dropout_draw(key, 0.4, first, n, part);
            CHECK(!memcmp(part, all + first, n));
        }
}

static bool draws_the_same(struct draw other)
{
    math_dropout_draw(key, 0.5, 0, 256, all);
    math_dropout_draw(other, 0.5, 0, 256, part);
    return !memcmp(part, all, 256);
}

static void other_keys_draw_others(void)
{
    struct draw seed = key, rank = key, step = key;
    seed.seed++;
    rank.rank++;
    step.step++;
    CHECK(draws_the_same(key));
    CHECK(!draws_the_same(seed) && !draws_the_same(rank) && !draws_the_same(step));
    math_dropout_draw(key, 0.5, (uint64_t)1 << 32, 256, part); /* indices have 64 bits */
    CHECK(memcmp(part, all, 256) != 0);
}

/* Within five deviations. */
static void so_many_stay(void)
{
    for (double rate = 0; rate < 1; rate += 0.25) {
        double stay = 0;
        math_dropout_draw(key, rate, 1, COUNT, all);
        for (int i = 0; i < COUNT; i++)
            stay += all[i];
        CHECK_NEAR(stay / COUNT, 1 - rate, rate > 0 ? 5 * 0.5 / 200 : 0);
    }
}

static void what_stays_is_scaled(void)
{
    const uint8_t kept[5] = {1, 0, 1, 1, 0};
    const float x[5] = {1, 2, -3, 0, 5}, expected[5] = {2, 0, -6, 0, 0};
    float y[5];
    math_dropout(5, kept, 2, x, y);
    CHECK(!memcmp(y, expected, sizeof y));
    math_dropout(5, kept, 0.5f, y, y);
    CHECK(y[0] == 1 && y[1] == 0 && y[2] == -3);
}

SUITE("math: dropout", TEST(draws_depend_on_the_index_alone), TEST(other_keys_draw_others), TEST(so_many_stay),
      TEST(what_stays_is_scaled));
