/* The same bytes out of every compiler, optimisation and register width: a checksum of what the
 * element-wise kernels compute. It changes only when their arithmetic is changed on purpose, and
 * then every result of the project changes with it. */
#include "tests/check.h"

#include "threadrack/math/math.h"

enum { ROWS = 37, WIDTH = 1003 };
#define UPDATES 0xe7bd973c866b745cu

static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
    for (const unsigned char *byte = bytes; count; count--)
        hash = (hash ^ *byte++) * 1099511628211u; /* FNV-1a */
    return hash;
}

static float y[ROWS * WIDTH], out[ROWS * WIDTH], slope[ROWS * WIDTH], bias[WIDTH], sums[WIDTH];
static int32_t labels[ROWS];

static void fill(void)
{
    for (long i = 0; i < ROWS * WIDTH; i++) {
        y[i] = (float)(i * 7919 % 20011 - 10000) * 7.3e-4f;
        slope[i] = (float)(i * 104729 % 2003 - 1000) * 1e-3f;
    }
    for (int i = 0; i < WIDTH; i++)
        bias[i] = (float)i * 1e-4f;
    for (int i = 0; i < ROWS; i++)
        labels[i] = i * 3;
}

static uint64_t run(uint64_t hash, enum activation kind)
{
    math_bias_activate(ROWS, WIDTH, y, bias, kind, out);
    hash = mix(mix(hash, y, sizeof y), out, sizeof out);
    math_activate_backward(ROWS, WIDTH, slope, y, out, kind, sums, false);
    hash = mix(mix(hash, slope, sizeof slope), sums, sizeof sums);
    double loss = math_softmax_loss(ROWS, WIDTH, y, labels, 0.01f, out);
    hash = mix(mix(hash, &loss, sizeof loss), out, sizeof out);
    math_sgd(ROWS * WIDTH, y, slope, out, 0.1f, 0.9f, 1e-3f, kind == ACTIVATION_NONE);
    hash = mix(mix(hash, y, sizeof y), out, sizeof out);
    math_sgd(ROWS * WIDTH, y, slope, NULL, 0.1f, 0, 1e-3f, false);
    return mix(hash, y, sizeof y);
}

static void bits_are_the_same_everywhere(void)
{
    uint64_t hash = 1469598103934665603u;
    for (enum activation kind = ACTIVATION_NONE; kind <= ACTIVATION_GELU; kind++) {
        fill();
        hash = run(hash, kind);
    }
    if (hash != 0xb04a9176160f8b95u)
        fprintf(stderr, "\nthe checksum was %llx\n", (unsigned long long)hash);
    CHECK(hash == 0xb04a9176160f8b95u);
}

static void updates_have_the_same_bits(void)
{
    static float v[ROWS * WIDTH];
    const struct adam_step step = {0.9f, 0.1f, 0.999f, 0.001f, 1e-8f, 0.01f, 0.03f, 0.999f, 0.01f};
    const size_t count = ROWS * WIDTH;
    uint64_t hash = 1469598103934665603u;
    fill();
    memset(out, 0, sizeof out);
    memset(v, 0, sizeof v);
    for (int i = 0; i < 3; i++) {
        math_adam(count, y, slope, out, v, &step);
        math_sgd_nesterov(count, y, slope, out, 0.1f, 0.9f, 1e-3f);
        math_lars(count, y, slope, out, 0.1f, 0.9f, 1e-3f);
        math_adam_direction(count, y, slope, out, v, &step);
        math_scale(count, slope, 0.3f);
        double square = math_square_sum(count, slope);
        hash = mix(mix(hash, y, sizeof y), &square, sizeof square);
    }
    if (hash != UPDATES)
        fprintf(stderr, "\nthe checksum was %llx\n", (unsigned long long)hash);
    CHECK(hash == UPDATES);
}

SUITE("math: bits", TEST(bits_are_the_same_everywhere),
      TEST(updates_have_the_same_bits));
