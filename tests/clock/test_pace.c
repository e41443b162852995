/* How long work takes: noise against theory, and speeds that change against sums by hand. */
#include "tests/check.h"

#include "threadrack/base/exact.h"
#include "threadrack/clock/pace.h"

static void exponentials_are_right(void)
{
    for (double x = -700; x < 700; x += 0.37)
        CHECK(fabs(exact_exp(x) / exp(x) - 1) < 2e-15);
    CHECK(exact_exp(0) == 1);
    CHECK(exact_exp(-1000) == 0);
}

static struct noise noise_of(const char *text)
{
    struct noise noise;
    struct errors errors;
    errors_init(&errors);
    CHECK(noise_parse(&noise, text, 7, "test", &errors));
    errors_print(&errors, stderr);
    errors_release(&errors);
    return noise;
}

/* The k-th of the rank's ops, in units of its duration without noise. */
static double drawn(const struct noise *noise, int rank, uint64_t k)
{
    const uint64_t duration_ps = 1000000000;
    struct noise_op op = {.rank = rank, .number = k, .duration_ps = duration_ps};
    return (double)noise->ops->stretch(noise, &op) / (double)duration_ps;
}

static void draws_have_the_means_of_theory(void)
{
    enum { DRAWS = 200000 };
    struct noise lognormal = noise_of("lognormal:sigma=0.5"), pareto = noise_of("pareto:alpha=4");
    double sum = 0, heavy = 0, least = 2;
    int below = 0;
    for (uint64_t k = 0; k < DRAWS; k++) {
        double a = drawn(&lognormal, 3, k), b = drawn(&pareto, 3, k);
        sum += a;
        below += a < 1;
        heavy += b;
        least = b < least ? b : least;
    }
    CHECK_NEAR(sum / DRAWS, exp(0.125), 0.005);
    CHECK_NEAR((double)below / DRAWS, 0.5, 0.005);
    CHECK_NEAR(heavy / DRAWS, 4.0 / 3, 0.005);
    CHECK(least >= 1);
}

/* Picosecond after picosecond. */
static uint64_t by_hand(uint64_t begin, uint64_t work, uint64_t period, uint64_t length)
{
    uint64_t now = begin;
    for (; work; now++)
        work -= now % period >= length;
    return now - begin;
}

static void detours_are_those_counted_by_hand(void)
{
    struct noise noise = noise_of("periodic:period=10ps,length=3ps,phase=same");
    for (uint64_t begin = 0; begin < 25; begin++)
        for (uint64_t work = 1; work < 40; work++) {
            struct noise_op op = {.begin_ps = begin, .duration_ps = work};
            CHECK_EQUAL(noise.ops->stretch(&noise, &op), by_hand(begin, work, 10, 3));
        }
    noise = noise_of("periodic:period=1ms,length=25us");
    struct noise_op op = {.rank = 1, .duration_ps = 1000000000000};
    CHECK_NEAR((double)noise.ops->stretch(&noise, &op) / 1e12, 1 / 0.975, 1e-4);
}

static void traces_are_integrated(void)
{
    uint64_t begin_ps[] = {100, 200, 300};
    double factor[] = {0.5, 2, 1};
    struct trace trace = {.count = 3, .begin_ps = begin_ps, .factor = factor};
    CHECK_EQUAL(pace_along(&trace, 0, 100), 100);  /* all before the first */
    CHECK_EQUAL(pace_along(&trace, 0, 120), 140);  /* 20 of it at half speed */
    CHECK_EQUAL(pace_along(&trace, 150, 25), 50);
    CHECK_EQUAL(pace_along(&trace, 150, 125), 100); /* 25 by 200, then 100 at twice the speed */
    CHECK_EQUAL(pace_along(&trace, 150, 325), 250);
    CHECK_EQUAL(pace_along(&trace, 400, 77), 77);
    struct trace none = {0};
    CHECK_EQUAL(pace_along(&none, 5, 77), 77);
}

SUITE("clock: pace", TEST(exponentials_are_right), TEST(draws_have_the_means_of_theory),
      TEST(detours_are_those_counted_by_hand),
      TEST(traces_are_integrated));
