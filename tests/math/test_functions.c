/* Our own exp, tanh and erf against libm in double; activations and loss against plain loops and
 * finite differences. */
#include "tests/check.h"

#include "src/math/functions.h"
#include "threadrack/base/exact.h"
#include "threadrack/math/math.h"

static double ulps(float was, double should)
{
    float nearest = (float)should;
    double ulp = (double)nextafterf(fabsf(nearest), INFINITY) - fabs((double)nearest);
    return fabs((double)was - should) / ulp;
}

static void functions_are_within_two_ulp(void)
{
    double worst_exp = 0, worst_tanh = 0, worst_erf = 0, worst_log = 0;
    for (int i = -800000; i <= 800000; i += 7) {
        float x = (float)i * 1e-4f, small = x / 12;
        worst_exp = fmax(worst_exp, ulps(function_exp(x), exp((double)x)));
        worst_tanh = fmax(worst_tanh, ulps(function_tanh(small), tanh((double)small)));
        worst_erf = fmax(worst_erf, ulps(function_erf(small), erf((double)small)));
        double positive = exp((double)x);
        worst_log = fmax(worst_log, fabs(exact_log(positive) - log(positive)));
    }
    CHECK_NEAR(worst_exp, 0, 2);
    CHECK_NEAR(worst_tanh, 0, 2);
    CHECK_NEAR(worst_erf, 0, 2);
    CHECK_NEAR(worst_log, 0, 2e-14);
    CHECK(function_exp(-1000) > 0 && function_exp(-1000) < 1e-37f);
    CHECK(isfinite(function_exp(1000)));
}

static double plain(enum activation kind, double x)
{
    switch (kind) {
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_GELU:
        return 0.5 * x * (1 + erf(x / sqrt(2.0)));
    default:
        return x;
    }
}

enum { ROWS = 5, WIDTH = 37 };

static void activations_and_slopes(void)
{
    for (enum activation kind = ACTIVATION_NONE; kind <= ACTIVATION_GELU; kind++) {
        float y[ROWS * WIDTH], out[ROWS * WIDTH], bias[WIDTH], dy[ROWS * WIDTH], dbias[WIDTH];
        double sums[WIDTH] = {0};
        for (int j = 0; j < WIDTH; j++)
            bias[j] = 0.01f * (float)j;
        for (int i = 0; i < ROWS * WIDTH; i++) {
            y[i] = 0.037f * (float)(i * 7 % 185 - 90) + 0.001f;
            dy[i] = 1 + 0.1f * (float)(i % 11);
        }
        math_bias_activate(ROWS, WIDTH, y, bias, kind, out);
        for (int i = 0; i < ROWS * WIDTH; i++)
            CHECK_NEAR(out[i], plain(kind, (double)y[i]), 1e-6);
        math_activate_backward(ROWS, WIDTH, dy, y, out, kind, dbias, false);
        for (int i = 0; i < ROWS * WIDTH; i++) {
            double x = (double)y[i], h = 1e-5, upstream = 1 + 0.1 * (i % 11);
            double slope = (plain(kind, x + h) - plain(kind, x - h)) / (2 * h);
            CHECK_NEAR(dy[i], upstream * slope, 1e-5);
            sums[i % WIDTH] += (double)dy[i];
        }
        for (int j = 0; j < WIDTH; j++)
            CHECK_NEAR(dbias[j], sums[j], 1e-4);
        math_activate_backward(ROWS, WIDTH, dy, y, out, ACTIVATION_NONE, dbias, true);
        CHECK_NEAR(dbias[3], 2 * sums[3], 1e-4);
    }
}

static double loss_of(const float *logits, const int32_t *labels)
{
    double total = 0;
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < WIDTH; j++)
            sum += exp((double)logits[i * WIDTH + j]);
        total += log(sum) - (double)logits[i * WIDTH + labels[i]];
    }
    return total;
}

static void loss_and_its_gradient(void)
{
    float logits[ROWS * WIDTH], gradient[ROWS * WIDTH];
    int32_t labels[ROWS] = {0, 36, 5, 16, 17};
    for (int i = 0; i < ROWS * WIDTH; i++)
        logits[i] = 0.5f * (float)(i * 13 % 29 - 14);
    double loss = math_softmax_loss(ROWS, WIDTH, logits, labels, 0.25f, gradient);
    CHECK_NEAR(loss, 0.25 * loss_of(logits, labels), 1e-5);
    CHECK(loss == math_softmax_loss(ROWS, WIDTH, logits, labels, 0.25f, NULL));
    for (int i = 0; i < ROWS * WIDTH; i++) {
        float saved = logits[i];
        logits[i] = saved + 0x1p-8f;
        double above = loss_of(logits, labels);
        logits[i] = saved - 0x1p-8f;
        double below = loss_of(logits, labels);
        logits[i] = saved;
        CHECK_NEAR(gradient[i], 0.25 * (above - below) / 0x1p-7, 1e-5);
    }
}

static void large_logits_stay_finite(void)
{
    float logits[3] = {1000, -1000, 0}, gradient[3];
    int32_t label = 1, best;
    CHECK_NEAR(math_softmax_loss(1, 3, logits, &label, 1, gradient), 2000, 1e-3);
    CHECK_NEAR(gradient[0], 1, 1e-6);
    math_argmax(1, 3, (float[]){2, 7, 7}, &best);
    CHECK_EQUAL(best, 1);
}

static void sgd_is_pytorchs(void)
{
    float w[40], g[40], v[40] = {0};
    double rw[40], rv[40] = {0};
    for (int i = 0; i < 40; i++)
        rw[i] = (double)(w[i] = (float)i * 0.1f - 2);
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < 40; i++) {
            g[i] = 0.01f * (float)((i + step) % 7);
            double gradient = (double)g[i] + 1e-2 * rw[i];
            rv[i] = step ? 0.9 * rv[i] + gradient : gradient;
            rw[i] -= 0.1 * rv[i];
        }
        math_sgd(40, w, g, v, 0.1f, 0.9f, 1e-2f, step == 0);
    }
    for (int i = 0; i < 40; i++)
        CHECK_NEAR(w[i], rw[i], 1e-6);
    float before = w[5];
    math_sgd(40, w, g, NULL, 0.1f, 0, 0, false);
    CHECK_NEAR(w[5], (double)before - 0.1 * (double)g[5], 1e-7);
    math_add(40, w, g);
    CHECK_NEAR(w[5], (double)before + 0.9 * (double)g[5], 1e-6);
}

SUITE("math: elements", TEST(functions_are_within_two_ulp), TEST(activations_and_slopes),
      TEST(loss_and_its_gradient), TEST(large_logits_stay_finite), TEST(sgd_is_pytorchs));
