/* Large products of our own, at every kind of edge, against plain loops. */
#include "tests/check.h"

#include "src/math/packed.h"
#include "src/math/tile.h"
#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/math/math.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static float *random_floats(size_t count, uint32_t which)
{
    float *values = memory_zeroed(count, sizeof *values);
    struct draw draw = {.seed = 5, .purpose = PURPOSE_TEST, .rank = which};
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * draw_uniform(draw, i) - 1);
    return values;
}

static double difference(size_t count, const float *a, const float *b)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, isnan(a[i]) ? INFINITY : fabs((double)a[i] - (double)b[i]));
    return most;
}

/* Floats whose last is followed by a page that cannot be touched. */
struct edge {
    char *pages;
    size_t bytes;
    float *at;
};

static struct edge edge_of(size_t count, const float *values)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), used = (count * sizeof(float) + page - 1) / page * page;
    struct edge edge = {.bytes = used + page};
    edge.pages = mmap(NULL, edge.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK_FATAL(edge.pages != MAP_FAILED && !mprotect(edge.pages + used, page, PROT_NONE));
    edge.at = (float *)(edge.pages + used) - count;
    memcpy(edge.at, values, count * sizeof(float));
    return edge;
}

static void check(bool ta, bool tb, const size_t *s, float beta)
{
    size_t m = s[0], n = s[1], k = s[2];
    size_t as = (ta ? m : k) + 3, bs = (tb ? k : n) + 1, cs = n + 2;
    float *a = random_floats((ta ? k : m) * as, 1), *b = random_floats((tb ? n : k) * bs, 2);
    float *c = random_floats(m * cs, 3), *expected = random_floats(m * cs, 3);
    if (beta == 0)
        c[0] = NAN; /* need not be initialised */
    struct edge ends[] = {edge_of(((ta ? k : m) - 1) * as + (ta ? m : k), a),
                          edge_of(((tb ? n : k) - 1) * bs + (tb ? k : n), b), edge_of((m - 1) * cs + n, c)};
    packed_product(&(struct large_product){.m = m,
                                           .n = n,
                                           .k = k,
                                           .a = {ends[0].at, as, ta},
                                           .b = {ends[1].at, bs, tb},
                                           .alpha = 0.5f,
                                           .beta = beta,
                                           .c = ends[2].at,
                                           .c_stride = cs});
    memcpy(c, ends[2].at, ((m - 1) * cs + n) * sizeof *c);
    for (int i = 0; i < 3; i++)
        munmap(ends[i].pages, ends[i].bytes);
    math_gemm_reference(ta ? TRANSPOSED : PLAIN, tb ? TRANSPOSED : PLAIN, m, n, k, 0.5f, a, as, b,
                        bs, beta, expected, cs);
    CHECK_NEAR(difference(m * cs, c, expected), 0, 2e-6 * (double)(k + 1));
    free(a);
    free(b);
    free(c);
    free(expected);
}

/* Below and above each block's length, and where they divide and do not. */
static void edges_agree_with_plain_loops(void)
{
    static const size_t shapes[][3] = {{16, 1, 1},     {17, 17, 7},    {18, 16, 8},   {29, 33, 321},
                                       {281, 70, 20}, {20, 1030, 12}, {570, 20, 300}};
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(math_start("auto", &errors));
    for (size_t i = 0; tile_is_wide() && i < sizeof shapes / sizeof *shapes; i++)
        for (int t = 0; t < 4; t++) {
            check(t & 1, t >> 1, shapes[i], 0);
            check(t & 1, t >> 1, shapes[i], 1);
            check(t & 1, t >> 1, shapes[i], -0.25f);
        }
}

/* What is dispatched by the shape goes by way of the packed blocks, and agrees too. */
static void large_shapes_are_taken(void)
{
    const size_t m = 195, n = 538, k = 321;
    float *a = random_floats(m * k, 1), *b = random_floats(k * n, 2);
    float *c = random_floats(m * n, 3), *expected = random_floats(m * n, 3);
    CHECK(packed_takes(m, n, k) == tile_is_wide());
    CHECK(!packed_takes(PACKED_LEAST - 1, 1 << 10, 1 << 10));
    math_gemm(PLAIN, TRANSPOSED, m, n, k, 1, a, k, b, k, 0, c, n);
    math_gemm_reference(PLAIN, TRANSPOSED, m, n, k, 1, a, k, b, k, 0, expected, n);
    CHECK_NEAR(difference(m * n, c, expected), 0, 2e-6 * (double)(k + 1));
    free(a);
    free(b);
    free(c);
    free(expected);
}

/* math_gemm's bits are the packed blocks', and with math.kernel=blis they are others': each sums in its own order. */
static void blis_alone_takes_none(void)
{
    const size_t m = 195, n = 538, k = 650;
    struct errors errors;
    errors_init(&errors);
    if (!tile_is_wide())
        return;
    float *a = random_floats(m * k, 1), *b = random_floats(k * n, 2);
    float *packed = random_floats(m * n, 3), *product = random_floats(m * n, 3);
    packed_product(&(struct large_product){.m = m,
                                           .n = n,
                                           .k = k,
                                           .a = {a, k, false},
                                           .b = {b, n, false},
                                           .alpha = 1,
                                           .c = packed,
                                           .c_stride = n});
    math_gemm(PLAIN, PLAIN, m, n, k, 1, a, k, b, n, 0, product, n);
    CHECK(!memcmp(packed, product, m * n * sizeof *packed));
    CHECK(math_start("blis", &errors));
    math_gemm(PLAIN, PLAIN, m, n, k, 1, a, k, b, n, 0, product, n);
    CHECK(memcmp(packed, product, m * n * sizeof *packed) != 0);
    CHECK_NEAR(difference(m * n, packed, product), 0, 2e-6 * (double)(k + 1));
    CHECK(math_start("auto", &errors));
    errors_release(&errors);
    free(a);
    free(b);
    free(packed);
    free(product);
}

/* A row's bits are its own: more rows, in other blocks, change none of them. */
static void rows_do_not_depend_on_how_many_there_are(void)
{
    const size_t m = 400, n = 50, k = 300, few = 17;
    if (!tile_is_wide())
        return;
    float *a = random_floats(m * k, 1), *b = random_floats(k * n, 2);
    float *all = random_floats(m * n, 3), *some = random_floats(few * n, 3);
    struct large_product p = {.m = m,
                              .n = n,
                              .k = k,
                              .a = {a, k, false},
                              .b = {b, n, false},
                              .alpha = 1,
                              .c = all,
                              .c_stride = n};
    packed_product(&p);
    p.m = few;
    p.a.at = a + (m - few) * k;
    p.c = some;
    packed_product(&p);
    CHECK(!memcmp(some, all + (m - few) * n, few * n * sizeof *some));
    free(a);
    free(b);
    free(all);
    free(some);
}

SUITE("math: packed", TEST(edges_agree_with_plain_loops), TEST(large_shapes_are_taken), TEST(blis_alone_takes_none),
      TEST(rows_do_not_depend_on_how_many_there_are));
