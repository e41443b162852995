/* Products by tiles: against plain loops, and the same bits from every width of register that this
 * processor has. */
#include "tests/check.h"

#include "in_double.h"
#include "src/math/tile.h"

#include <stdlib.h>

struct trial {
    struct product product;
    double *a, *b, *c;
    float *a_f, *b_f, *first;
};

enum { MOST = 40, STRIDE = MOST + 3 };

/* Rows of b overlap, and a is stored either way round. */
static struct trial trial_create(size_t m, size_t n, size_t k, bool turned, bool add)
{
    static uint32_t offsets[MOST];
    struct trial t = {.a = random_doubles(STRIDE * STRIDE, 1),
                      .b = random_doubles(STRIDE * STRIDE, 2),
                      .c = random_doubles(STRIDE * STRIDE, 3)};
    t.a_f = floats_of(STRIDE * STRIDE, t.a);
    t.b_f = floats_of(k ? (k - 1) * 3 + n : 0, t.b); /* not a float more than is needed */
    t.first = floats_of(STRIDE * STRIDE, t.c);
    tile_rows(k, 3, offsets);
    t.product = (struct product){.m = m,
                                 .n = n,
                                 .k = k,
                                 .a = t.a_f,
                                 .a_row = turned ? 1 : STRIDE,
                                 .a_k = turned ? STRIDE : 1,
                                 .b = t.b_f,
                                 .offsets = offsets,
                                 .c_row = STRIDE,
                                 .add = add};
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = add ? t.c[i * STRIDE + j] : 0;
            for (size_t l = 0; l < k; l++)
                sum += t.a[i * t.product.a_row + l * t.product.a_k] * t.b[offsets[l] + j];
            t.c[i * STRIDE + j] = sum;
        }
    return t;
}

static void trial_release(struct trial *t)
{
    void *all[] = {t->a, t->b, t->c, t->a_f, t->b_f, t->first};
    for (int i = 0; i < 6; i++)
        free(all[i]);
}

static float *multiplied(const struct trial *t, tile_multiply *multiply)
{
    struct product product = t->product;
    product.c = malloc(STRIDE * STRIDE * sizeof *product.c);
    memcpy(product.c, t->first, STRIDE * STRIDE * sizeof *product.c);
    multiply(&product);
    CHECK_NEAR(farthest(STRIDE * STRIDE, product.c, t->c), 0, 2e-5);
    return product.c;
}

static void check_product(size_t m, size_t n, size_t k, bool turned, bool add)
{
    struct trial t = trial_create(m, n, k, turned, add);
    free(multiplied(&t, tile_generic));
#ifdef __x86_64__
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    float *narrow = avx2 ? multiplied(&t, tile_avx2) : NULL;
    float *wide = __builtin_cpu_supports("avx512f") ? multiplied(&t, tile_avx512) : NULL;
    CHECK(!narrow || !wide || !memcmp(narrow, wide, STRIDE * STRIDE * sizeof *narrow));
    free(narrow);
    free(wide);
#endif
    trial_release(&t);
}

static void tiles_agree_with_plain_loops(void)
{
    for (size_t m = 1; m <= 18; m++)
        for (size_t n = 1; n <= MOST; n++)
            check_product(m, n, (m * 7 + n * 5) % MOST, n & 1, m & 1);
}

static void matrices_are_turned(void)
{
    float from[MOST * STRIDE], to[MOST * MOST + 1];
    for (int i = 0; i < MOST * STRIDE; i++)
        from[i] = (float)i;
    for (size_t rows = 1; rows <= MOST; rows += 3)
        for (size_t columns = 1; columns <= MOST; columns += 2) {
            to[rows * columns] = -1;
            tile_turn(rows, columns, from, STRIDE, to);
            size_t wrong = 0;
            for (size_t r = 0; r < rows; r++)
                for (size_t c = 0; c < columns; c++)
                    wrong += to[c * rows + r] != from[r * STRIDE + c];
            CHECK(!wrong && to[rows * columns] == -1);
        }
}

SUITE("math: tile", TEST(tiles_agree_with_plain_loops), TEST(matrices_are_turned));
