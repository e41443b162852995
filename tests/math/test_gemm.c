#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/math/math.h"

#include <stdlib.h>

static float *random_floats(size_t count, uint32_t which)
{
    float *values = memory_zeroed(count, sizeof *values);
    struct draw draw = {.seed = 3, .purpose = PURPOSE_TEST, .rank = which};
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

static void check_shape(enum transpose ta, enum transpose tb, const size_t *s, float beta)
{
    size_t m = s[0], n = s[1], k = s[2];
    size_t as = (ta == PLAIN ? k : m) + 3, bs = (tb == PLAIN ? n : k) + 1, cs = n + 2;
    float *a = random_floats((m + k) * as, 1), *b = random_floats((n + k) * bs, 2);
    float *c = random_floats(m * cs, 3), *expected = random_floats(m * cs, 3);
    if (beta == 0)
        c[0] = NAN; /* need not be initialised */
    math_gemm(ta, tb, m, n, k, 0.5f, a, as, b, bs, beta, c, cs);
    math_gemm_reference(ta, tb, m, n, k, 0.5f, a, as, b, bs, beta, expected, cs);
    CHECK_NEAR(difference(m * cs, c, expected), 0, 2e-6 * (double)(k + 1));
    free(a);
    free(b);
    free(c);
    free(expected);
}

static void check_all(const char *kernel)
{
    static const size_t shapes[][3] = {{1, 1, 1},    {1, 7, 3},    {5, 1, 9},     {2, 3, 0},
                                       {8, 8, 8},    {13, 17, 9},  {64, 10, 64},  {31, 33, 97},
                                       {97, 95, 99}, {40, 5, 200}, {130, 120, 70},
                                       {40, 30, 0},  {16, 16, 1},  {33, 20, 650}};
    struct errors errors;
    errors_init(&errors);
    if (math_start(kernel, &errors)) {
        CHECK(!strcmp(kernel, "auto") || !strcmp(kernel, "blis") || !strcmp(math_kernel(), kernel));
        CHECK(strcmp(kernel, "blis") || !strcmp(math_products(), "BLIS"));
        CHECK(strcmp(kernel, "reference") || !strcmp(math_products(), "plain loops"));
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
            for (int t = 0; t < 4; t++) {
                check_shape(t & 1, t >> 1, shapes[i], 0);
                check_shape(t & 1, t >> 1, shapes[i], 1);
                check_shape(t & 1, t >> 1, shapes[i], -0.25f);
            }
    }
    errors_release(&errors);
    CHECK(math_start("auto", &errors));
}

/* A shared BLIS keeps the kernels that it began with and refuses others, so auto comes first. */
static void every_kernel_agrees_with_plain_loops(void)
{
    static const char *const words[] = {"auto", "blis", "generic", "haswell", "skx", "reference"};
    for (int i = 0; i < 6; i++)
        check_all(words[i]);
}

static void wrong_kernels_are_refused(void)
{
    struct errors errors;
    errors_init(&errors);
    CHECK(!math_start("haswel", &errors));
    CHECK_EQUAL(errors.count, 1);
    CHECK(strstr(errors.messages[0], "did you mean 'haswell'") != NULL);
    errors_release(&errors);
}

static void the_library_says_what_it_is(void)
{
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(math_start("auto", &errors));
    CHECK(math_blis_version()[0] != 0);
    CHECK(strlen(math_blis_build()) > 0);
    CHECK(math_pool_bytes() >= 1 << 16 && math_pool_bytes() < 1 << 25);
    CHECK(math_stack_bytes() >= 128 << 10);
}

SUITE("math: gemm", TEST(every_kernel_agrees_with_plain_loops), TEST(wrong_kernels_are_refused),
      TEST(the_library_says_what_it_is));
