/* Attention, layer normalisation, embeddings: the plain loops' gradients against finite differences
 * in double, every choice of kernels against the plain loops. */
#include "tests/check.h"

#include "src/math/reference.h"

#include "threadrack/math/dropout.h"

#include "in_double.h"

#include <stdlib.h>

struct attention_trial {
    struct attention shape;
    size_t rows, qkv_count, p_count, y_count;
    double *qkv, *p, *y, *dy, *dqkv;
    uint8_t *kept; /* of dropout */
};

static struct attention_trial attention_create(struct attention shape, size_t rows, double rate)
{
    size_t tokens = rows * shape.tokens, width = shape.heads * shape.head_width;
    struct attention_trial t = {.shape = shape,
                                .rows = rows,
                                .qkv_count = tokens * 3 * width,
                                .p_count = tokens * shape.heads * shape.tokens,
                                .y_count = tokens * width};
    t.qkv = random_doubles(t.qkv_count, 1);
    t.p = random_doubles(t.p_count, 2);
    t.y = random_doubles(t.y_count, 3);
    t.dy = random_doubles(t.y_count, 4);
    t.dqkv = random_doubles(t.qkv_count, 5);
    for (size_t i = 0; i < t.qkv_count; i++)
        t.qkv[i] *= 3; /* probabilities far from equal */
    t.kept = malloc(t.p_count);
    math_dropout_draw((struct draw){.seed = 6}, rate, 0, t.p_count, t.kept);
    t.shape.kept = rate > 0 ? t.kept : NULL;
    t.shape.factor = 1 / (1 - (float)rate);
    return t;
}

static void attention_release(struct attention_trial *t)
{
    double *arrays[] = {t->qkv, t->p, t->y, t->dy, t->dqkv};
    for (int i = 0; i < 5; i++)
        free(arrays[i]);
    free(t->kept);
}

static double weighted_attention(void *context)
{
    struct attention_trial *t = context;
    attention_in_double(&t->shape, t->rows, t->qkv, t->p, t->y);
    return dot_product(t->y_count, t->y, t->dy);
}

static const double rates[] = {0, 0.3};

static void plain_attention_has_the_right_gradient(void)
{
    for (int i = 0; i < 2; i++) {
        struct attention_trial t =
            attention_create((struct attention){.heads = 2, .head_width = 3, .tokens = 5}, 2, rates[i]);
        weighted_attention(&t);
        attention_backward_in_double(&t.shape, t.rows, t.qkv, t.p, t.dy, t.dqkv);
        check_gradient(t.qkv_count, t.qkv, t.dqkv, weighted_attention, &t);
        attention_release(&t);
    }
}

static void check_attention(struct attention shape, size_t rows, double rate)
{
    struct attention_trial t = attention_create(shape, rows, rate);
    float *qkv = floats_of(t.qkv_count, t.qkv), *dy = floats_of(t.y_count, t.dy);
    float *p = floats_of(t.p_count, t.p), *y = floats_of(t.y_count, t.y);
    float *dqkv = floats_of(t.qkv_count, t.dqkv);
    float *scratch = malloc(sizeof *scratch * (math_attention_scratch(&shape) + 1));
    weighted_attention(&t);
    shape = t.shape;
    shape.dropped = malloc(sizeof *shape.dropped * t.p_count);
    attention_backward_in_double(&shape, rows, t.qkv, t.p, t.dy, t.dqkv);
    math_attention(&shape, rows, qkv, p, y, scratch);
    math_attention_backward(&shape, rows, qkv, p, dy, dqkv, scratch);
    CHECK_NEAR(farthest(t.p_count, p, t.p), 0, 4e-6);
    CHECK_NEAR(farthest(t.y_count, y, t.y), 0, 2e-5);
    CHECK_NEAR(farthest(t.qkv_count, dqkv, t.dqkv), 0, 5e-5);
    void *all[] = {qkv, dy, p, y, dqkv, scratch, shape.dropped};
    for (int i = 0; i < 7; i++)
        free(all[i]);
    attention_release(&t);
}

static void attention_agrees(void)
{
    static const struct attention shapes[] = {
        {.heads = 4, .head_width = 64, .tokens = 128}, {.heads = 4, .head_width = 16, .tokens = 32},
        {.heads = 1, .head_width = 1, .tokens = 1},    {.heads = 3, .head_width = 5, .tokens = 17},
        {.heads = 2, .head_width = 24, .tokens = 33},  {.heads = 1, .head_width = 80, .tokens = 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int r = 0; r < 2; r++)
            check_attention(shapes[i], 1 + i % 3, rates[r]);
}

static void every_kernel_attends_as_plain_loops_do(void)
{
    each_kernel(attention_agrees);
}

struct norm_trial {
    size_t rows, n;
    double *x, *gain, *bias, *y, *mean, *rstd, *dy, *dx, *dgain, *dbias;
};

enum { NORM_ARRAYS = 10 };

static struct norm_trial norm_create(size_t rows, size_t n)
{
    struct norm_trial t = {.rows = rows, .n = n};
    double **arrays[NORM_ARRAYS] = {&t.x,    &t.gain, &t.bias, &t.y,     &t.mean,
                                    &t.rstd, &t.dy,   &t.dx,   &t.dgain, &t.dbias};
    for (uint32_t i = 0; i < NORM_ARRAYS; i++)
        *arrays[i] = random_doubles(rows * n + rows, i);
    return t;
}

static void norm_release(struct norm_trial *t)
{
    double *arrays[NORM_ARRAYS] = {t->x,    t->gain, t->bias, t->y,     t->mean,
                                   t->rstd, t->dy,   t->dx,   t->dgain, t->dbias};
    for (int i = 0; i < NORM_ARRAYS; i++)
        free(arrays[i]);
}

static double weighted_norm(void *context)
{
    struct norm_trial *t = context;
    layernorm_in_double(t->rows, t->n, 1e-5, t->x, t->gain, t->bias, t->y, t->mean, t->rstd);
    return dot_product(t->rows * t->n, t->y, t->dy);
}

static void plain_layernorm_has_the_right_gradients(void)
{
    struct norm_trial t = norm_create(3, 7);
    weighted_norm(&t);
    layernorm_backward_in_double(t.rows, t.n, t.x, t.gain, t.mean, t.rstd, t.dy, t.dx, false,
                                 t.dgain, t.dbias, false);
    check_gradient(t.rows * t.n, t.x, t.dx, weighted_norm, &t);
    check_gradient(t.n, t.gain, t.dgain, weighted_norm, &t);
    check_gradient(t.n, t.bias, t.dbias, weighted_norm, &t);
    norm_release(&t);
}

/* Once written, once added to what is there. */
static void check_norm(size_t rows, size_t n, bool add)
{
    struct norm_trial t = norm_create(rows, n);
    size_t count = rows * n;
    float *x = floats_of(count, t.x), *gain = floats_of(n, t.gain), *bias = floats_of(n, t.bias);
    float *y = floats_of(count, t.y), *dy = floats_of(count, t.dy), *dx = floats_of(count, t.dx);
    float *mean = floats_of(rows, t.mean), *rstd = floats_of(rows, t.rstd);
    float *dgain = floats_of(n, t.dgain), *dbias = floats_of(n, t.dbias);
    weighted_norm(&t);
    layernorm_backward_in_double(rows, n, t.x, t.gain, t.mean, t.rstd, t.dy, t.dx, add, t.dgain,
                                 t.dbias, add);
    math_layernorm(rows, n, 1e-5f, x, gain, bias, y, mean, rstd);
    math_layernorm_backward(rows, n, x, gain, mean, rstd, dy, dx, add, dgain, dbias, add);
    double size = n == 1 ? 320 : 6; /* one element: rstd is 1 / sqrt(eps) */
    CHECK_NEAR(farthest(count, y, t.y), 0, 1e-6 * size);
    CHECK_NEAR(farthest(rows, mean, t.mean), 0, 1e-6);
    CHECK_NEAR(farthest(rows, rstd, t.rstd), 0, 1e-6 * size);
    CHECK_NEAR(farthest(count, dx, t.dx), 0, 1e-6 * size * size);
    CHECK_NEAR(farthest(n, dgain, t.dgain), 0, 1e-5 * size);
    CHECK_NEAR(farthest(n, dbias, t.dbias), 0, 1e-5);
    math_layernorm(rows, n, 1e-5f, x, gain, bias, x, NULL, NULL);
    CHECK(!memcmp(x, y, count * sizeof *x));
    void *all[] = {x, gain, bias, y, dy, dx, mean, rstd, dgain, dbias};
    for (int i = 0; i < NORM_ARRAYS; i++)
        free(all[i]);
    norm_release(&t);
}

static void layernorm_agrees(void)
{
    static const size_t widths[] = {1, 2, 15, 16, 17, 64, 100, 256};
    for (int i = 0; i < 8; i++)
        for (int add = 0; add < 2; add++)
            check_norm(1 + (size_t)i * 2, widths[i], add);
}

static void every_kernel_normalises_as_plain_loops_do(void)
{
    each_kernel(layernorm_agrees);
}

enum { ROWS = 3, TOKENS = 5, WIDTH = 21, VOCABULARY = 6, POSITIONS = ROWS * TOKENS };

/* Sums in row order: the same bits as the plain loops'. */
static void embedding_agrees(void)
{
    int32_t tokens[POSITIONS];
    for (int i = 0; i < POSITIONS; i++)
        tokens[i] = i * 7 % 4 + (i == 9); /* most come several times, 5 never */
    double *all = random_doubles(VOCABULARY * WIDTH + TOKENS * WIDTH + POSITIONS * WIDTH, 1);
    float *table = floats_of(VOCABULARY * WIDTH + TOKENS * WIDTH + POSITIONS * WIDTH, all);
    float *positions = table + VOCABULARY * WIDTH, *dy = positions + TOKENS * WIDTH;
    float y[POSITIONS * WIDTH], again[POSITIONS * WIDTH];
    math_embed(ROWS, TOKENS, WIDTH, tokens, table, positions, y);
    math_embed_reference(ROWS, TOKENS, WIDTH, tokens, table, positions, again);
    CHECK(!memcmp(y, again, sizeof y));
    CHECK(y[7 * WIDTH + 3] == table[tokens[7] * WIDTH + 3] + positions[2 * WIDTH + 3]);
    for (int add = 0; add < 2; add++) {
        float sums[2][VOCABULARY * WIDTH + TOKENS * WIDTH] = {{1}, {1}};
        math_embed_backward(ROWS, TOKENS, WIDTH, VOCABULARY, tokens, dy, sums[0], add,
                            sums[0] + VOCABULARY * WIDTH, !add);
        math_embed_backward_reference(ROWS, TOKENS, WIDTH, VOCABULARY, tokens, dy, sums[1], add,
                                      sums[1] + VOCABULARY * WIDTH, !add);
        CHECK(!memcmp(sums[0], sums[1], sizeof *sums));
        CHECK(sums[0][5 * WIDTH + 1] == 0 && sums[0][WIDTH] != 0);
    }
    free(all);
    free(table);
}

static void embeddings_are_gathered_and_scattered_in_row_order(void)
{
    each_kernel(embedding_agrees);
}

struct embedding_trial {
    double *table, *dy, y[POSITIONS * WIDTH];
    int32_t tokens[POSITIONS];
};

static double weighted_embedding(void *context)
{
    struct embedding_trial *t = context;
    embed_in_double(ROWS, TOKENS, WIDTH, t->tokens, t->table, t->table + VOCABULARY * WIDTH, t->y);
    return dot_product(POSITIONS * WIDTH, t->y, t->dy);
}

static void plain_embedding_has_the_right_gradient(void)
{
    enum { PARAMETERS = (VOCABULARY + TOKENS) * WIDTH };
    struct embedding_trial t = {.table = random_doubles(PARAMETERS, 1),
                                .dy = random_doubles(POSITIONS * WIDTH, 2)};
    double gradient[PARAMETERS];
    for (int i = 0; i < POSITIONS; i++)
        t.tokens[i] = i * 7 % 4;
    embed_backward_in_double(ROWS, TOKENS, WIDTH, VOCABULARY, t.tokens, t.dy, gradient, false,
                             gradient + VOCABULARY * WIDTH, false);
    check_gradient(PARAMETERS, t.table, gradient, weighted_embedding, &t);
    free(t.table);
    free(t.dy);
}

SUITE("math: transformer", TEST(plain_attention_has_the_right_gradient),
      TEST(every_kernel_attends_as_plain_loops_do), TEST(plain_layernorm_has_the_right_gradients),
      TEST(every_kernel_normalises_as_plain_loops_do),
      TEST(embeddings_are_gathered_and_scattered_in_row_order),
      TEST(plain_embedding_has_the_right_gradient));
