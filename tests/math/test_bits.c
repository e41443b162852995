/* The same bytes out of every compiler, optimisation and register width: a checksum of what the
 * element-wise kernels compute. It changes only when their arithmetic is changed on purpose, and
 * then every result of the project changes with it. */
#include "tests/check.h"

#include "src/math/packed.h"
#include "src/math/tile.h"
#include "threadrack/math/convolution.h"
#include "threadrack/math/dropout.h"
#include "threadrack/math/experts.h"
#include "threadrack/math/math.h"
#include "threadrack/math/transformer.h"

enum { ROWS = 37, WIDTH = 1003 };
#define ELEMENTS 0xb04a9176160f8b95u
#define UPDATES 0xe7bd973c866b745cu
#define TRANSFORMER 0x5d58a00f16530b50u
#define FUSED 0x442b9fb5ce45746du

static uint64_t mix(uint64_t hash, const void *bytes, size_t count)
{
    for (const unsigned char *byte = bytes; count; count--)
        hash = (hash ^ *byte++) * 1099511628211u; /* FNV-1a */
    return hash;
}

static void check_hash(uint64_t hash, uint64_t expected)
{
    if (hash != expected)
        fprintf(stderr, "\nthe checksum was %llx\n", (unsigned long long)hash);
    CHECK(hash == expected);
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
    check_hash(hash, ELEMENTS);
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
    check_hash(hash, UPDATES);
}

static uint64_t norms(uint64_t hash)
{
    static float gain[WIDTH], mean[ROWS], rstd[ROWS], dgain[WIDTH];
    for (int i = 0; i < WIDTH; i++)
        gain[i] = 1 - (float)i * 3e-4f;
    math_layernorm(ROWS, WIDTH, 1e-5f, y, gain, bias, out, mean, rstd);
    hash = mix(mix(mix(hash, out, sizeof out), mean, sizeof mean), rstd, sizeof rstd);
    math_layernorm_backward(ROWS, WIDTH, y, gain, mean, rstd, slope, out, true, dgain, sums, false);
    return mix(mix(mix(hash, out, sizeof out), dgain, sizeof dgain), sums, sizeof sums);
}

static uint64_t drops_and_pools(uint64_t hash)
{
    static uint8_t kept[ROWS * WIDTH];
    const struct draw draw = {.seed = 3, .purpose = PURPOSE_TEST};
    math_dropout_draw(draw, 0.3, 5, ROWS * WIDTH, kept);
    math_dropout(ROWS * WIDTH, kept, 1 / 0.7f, y, out);
    hash = mix(mix(hash, kept, sizeof kept), out, sizeof out);
    math_pool(1, ROWS, WIDTH, y, out, kept);
    return mix(hash, out, (ROWS / 2) * (WIDTH / 2) * sizeof *out);
}

/* 50 tokens of two rows to the best two of seven. */
static uint64_t routes(uint64_t hash)
{
    enum { R = 2, T = 50, E = 7, K = 2 };
    static int32_t places[R * T * K];
    static float gates[R * T * K];
    const struct routing s = {.experts = E, .choices = K, .tokens = T, .capacity = 16, .width = 8};
    math_route(&s, R, y, places, gates);
    hash = mix(mix(hash, y, R * T * E * sizeof *y), places, sizeof places);
    math_route_backward(&s, R, y, places, gates, slope, 0.01f, out);
    return mix(mix(hash, gates, sizeof gates), out, R * T * E * sizeof *out);
}

static void what_transformers_add_has_the_same_bits(void)
{
    uint64_t hash = 1469598103934665603u;
    fill();
    hash = run(hash, ACTIVATION_GELU_TANH);
    fill();
    hash = drops_and_pools(norms(hash));
    check_hash(routes(hash), TRANSFORMER);
}

/* Attention by tiles, and packed blocks of a product: from the multiply-adds of AVX2 and AVX-512. */
static uint64_t attention(uint64_t hash)
{
    enum { T = 61, N = 2, D = 20 };
    static float p[N * T * T], scratch[1 << 13];
    const struct attention s = {.heads = N, .head_width = D, .tokens = T};
    CHECK_FATAL(math_attention_scratch(&s) <= sizeof scratch / sizeof *scratch);
    math_attention(&s, 1, y, p, out, scratch);
    hash = mix(mix(hash, p, sizeof p), out, N * D * T * sizeof *out);
    math_attention_backward(&s, 1, y, p, slope, out, scratch);
    return mix(hash, out, 3 * N * D * T * sizeof *out);
}

static void check_fused(const char *kernel)
{
    struct errors errors;
    errors_init(&errors);
    bool runs = math_start(kernel, &errors);
    errors_release(&errors);
    if (!runs || !tile_is_wide())
        return;
    fill();
    uint64_t hash = attention(1469598103934665603u);
    packed_product(&(struct large_product){.m = 50,
                                           .n = 50,
                                           .k = 700,
                                           .a = {y, 701, false},
                                           .b = {slope, 51, false},
                                           .alpha = 0.3f,
                                           .beta = 0.9f,
                                           .c = out,
                                           .c_stride = 52});
    check_hash(mix(hash, out, 50 * 52 * sizeof *out), FUSED);
}

/* The same for eight floats a register as for sixteen. */
static void fused_products_have_the_same_bits(void)
{
    check_fused("auto");
    check_fused("haswell");
    check_fused("auto");
}

SUITE("math: bits", TEST(bits_are_the_same_everywhere), TEST(updates_have_the_same_bits),
      TEST(what_transformers_add_has_the_same_bits), TEST(fused_products_have_the_same_bits));
