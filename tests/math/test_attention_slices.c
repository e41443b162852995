/* Slices of a sequence that attend to one another, in the order of a ring, are the undivided sequence's
 * attention in double: outputs and gradients, by every choice of kernels. */
#include "tests/check.h"

#include "src/math/reference.h"

#include "threadrack/math/dropout.h"

#include "in_double.h"

#include <stdlib.h>
#include <string.h>

struct trial {
    struct attention whole;
    enum slices kind;
    size_t rows, slices;
    const struct attention_drops *drops; /* NULL: none */
};

/* Tokens of the slice, `width` floats each, from (rows, T, width) to (rows, t, width), or back. */
static void copy_slice(const struct trial *t, size_t i, size_t width, float *whole, float *part, bool back)
{
    struct slice slice = slice_of(t->whole.tokens, t->kind, t->slices, i);
    for (size_t r = 0; r < t->rows; r++)
        for (int run = 0; run < slice.count; run++) {
            size_t count = slice.runs[run].count * width;
            float *in_whole = whole + (r * t->whole.tokens + slice.runs[run].begin) * width;
            memcpy(back ? in_whole : part, back ? part : in_whole, count * sizeof *part);
            part += count;
        }
}

static float *slice_from(const struct trial *t, size_t i, size_t width, float *whole)
{
    float *part = malloc(t->rows * t->whole.tokens * width * sizeof *part);
    copy_slice(t, i, width, whole, part, false);
    return part;
}

/* Keys and values of all slices. */
static float **pack(const struct trial *t, float *qkv)
{
    size_t all = t->whole.heads * t->whole.head_width, tokens = t->rows * t->whole.tokens / t->slices;
    float **kv = malloc(t->slices * sizeof *kv);
    for (size_t i = 0; i < t->slices; i++) {
        float *part = slice_from(t, i, 3 * all, qkv);
        kv[i] = malloc(tokens * 2 * all * sizeof *kv[i]);
        for (size_t token = 0; token < tokens; token++)
            memcpy(kv[i] + token * 2 * all, part + token * 3 * all + all, 2 * all * sizeof *part);
        free(part);
    }
    return kv;
}

/* Slice i's queries meet all, their own first; y and dqkv are the whole's, all dkv sums. */
static void go_round(const struct trial *t, size_t i, float *qkv, float **kv, float *dy, float *y,
                     float *dqkv, float **dkv)
{
    size_t all = t->whole.heads * t->whole.head_width, tokens = t->rows * t->whole.tokens / t->slices;
    float *q = slice_from(t, i, 3 * all, qkv), *out = slice_from(t, i, all, y);
    float *dout = slice_from(t, i, all, dy), *dq = slice_from(t, i, 3 * all, dqkv);
    float *most = malloc(3 * tokens * t->whole.heads * sizeof *most), *room;
    float *sum = most + tokens * t->whole.heads, *delta = sum + tokens * t->whole.heads;
    struct attention_slices shape = {.heads = t->whole.heads, .head_width = t->whole.head_width,
                                     .queries = slice_of(t->whole.tokens, t->kind, t->slices, i),
                                     .drops = t->drops};
    shape.keys = shape.queries;
    float *scratch = malloc((math_attention_slices_scratch(&shape) + 1) * sizeof *scratch);
    room = malloc(tokens * 2 * all * sizeof *room);
    for (int back = 0; back < 2; back++) {
        for (size_t step = 0; step < t->slices; step++) {
            size_t from = (i + t->slices - step) % t->slices;
            shape.keys = slice_of(t->whole.tokens, t->kind, t->slices, from);
            if (!back) {
                math_attention_slices(&shape, t->rows, q, kv[from], step == 0, out, most, sum, scratch);
                continue;
            }
            math_attention_slices_backward(&shape, t->rows, q, kv[from], most, sum, delta, dout,
                                           step == 0, dq, room, scratch);
            math_add(tokens * 2 * all, dkv[from], room);
        }
        if (!back) {
            math_attention_divide(&shape, t->rows, sum, out);
            math_attention_delta(&shape, t->rows, out, dout, delta);
        }
    }
    copy_slice(t, i, all, y, out, true);
    copy_slice(t, i, 3 * all, dqkv, dq, true);
    void *arrays[] = {q, out, dout, dq, most, room, scratch};
    for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++)
        free(arrays[a]);
}

/* Those of keys and values, whose sums were apart, into dqkv. */
static void unpack(const struct trial *t, float **dkv, float *dqkv)
{
    size_t all = t->whole.heads * t->whole.head_width, tokens = t->rows * t->whole.tokens / t->slices;
    for (size_t i = 0; i < t->slices; i++) {
        float *part = slice_from(t, i, 3 * all, dqkv);
        for (size_t token = 0; token < tokens; token++)
            memcpy(part + token * 3 * all + all, dkv[i] + token * 2 * all, 2 * all * sizeof *part);
        copy_slice(t, i, 3 * all, dqkv, part, true);
        free(part);
    }
}

/* Of the undivided rows, whose heads are some of more. */
static uint8_t *kept_of(const struct trial *t)
{
    size_t pairs = t->whole.tokens * t->whole.tokens, heads = t->whole.heads;
    uint8_t *kept = malloc(t->rows * heads * pairs);
    for (size_t i = 0; i < t->rows * heads; i++) {
        size_t head = (t->drops->row + i / heads) * t->drops->heads + t->drops->head + i % heads;
        math_dropout_draw(t->drops->draw, t->drops->rate, head * pairs, pairs, kept + i * pairs);
    }
    return kept;
}

static void check_ring(struct attention whole, size_t rows, enum slices kind, size_t slices, double rate)
{
    const struct attention_drops drops = {.draw = {.seed = 3}, .rate = rate, .factor = 1 / (1 - (float)rate),
                                          .heads = whole.heads + 2, .tokens = whole.tokens, .row = 5, .head = 1};
    struct trial t = {whole, kind, rows, slices, rate > 0 ? &drops : NULL};
    size_t tokens = rows * whole.tokens, all = whole.heads * whole.head_width;
    uint8_t *kept = rate > 0 ? kept_of(&t) : NULL;
    whole.kept = kept;
    whole.factor = drops.factor;
    double *qkv = random_doubles(tokens * 3 * all, 1), *dy = random_doubles(tokens * all, 4);
    double *p = random_doubles(tokens * whole.heads * whole.tokens, 2);
    double *y = random_doubles(tokens * all, 3), *dqkv = random_doubles(tokens * 3 * all, 5);
    for (size_t i = 0; i < tokens * 3 * all; i++)
        qkv[i] *= 3;
    float *fqkv = floats_of(tokens * 3 * all, qkv), *fdy = floats_of(tokens * all, dy);
    float *fy = floats_of(tokens * all, y), *fdqkv = floats_of(tokens * 3 * all, dqkv);
    attention_in_double(&whole, rows, qkv, p, y);
    attention_backward_in_double(&whole, rows, qkv, p, dy, dqkv);
    float **kv = pack(&t, fqkv), **dkv = malloc(slices * sizeof *dkv);
    for (size_t i = 0; i < slices; i++)
        dkv[i] = calloc(tokens / slices * 2 * all, sizeof **dkv);
    for (size_t i = 0; i < slices; i++)
        go_round(&t, i, fqkv, kv, fdy, fy, fdqkv, dkv);
    unpack(&t, dkv, fdqkv);
    CHECK_NEAR(farthest(tokens * all, fy, y), 0, 2e-5);
    CHECK_NEAR(farthest(tokens * 3 * all, fdqkv, dqkv), 0, 5e-5);
    for (size_t i = 0; i < slices; i++) {
        free(kv[i]);
        free(dkv[i]);
    }
    void *arrays[] = {qkv, dy, p, y, dqkv, fqkv, fdy, fy, fdqkv, kv, dkv, kept};
    for (size_t a = 0; a < sizeof arrays / sizeof *arrays; a++)
        free(arrays[a]);
}

static void rings_agree(void)
{
    static const struct attention shapes[] = {{.heads = 2, .head_width = 16, .tokens = 64},
                                              {.heads = 3, .head_width = 5, .tokens = 24},
                                              {.heads = 1, .head_width = 1, .tokens = 8},
                                              {.heads = 1, .head_width = 8, .tokens = 400}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t slices = 1; slices <= 4; slices *= 2)
            for (int kind = SLICES_ZIGZAG; kind <= SLICES_CONTIGUOUS; kind++)
                check_ring(shapes[i], 1 + i % 3, (enum slices)kind, slices, slices == 2 ? 0 : 0.3);
}

static void every_kernel_attends_in_slices(void)
{
    each_kernel(rings_agree);
}

/* Zigzag slices have equally many pairs at every step, contiguous ones from all to none. */
static void zigzag_is_balanced(void)
{
    enum { SLICES = 4, TOKENS = 32, T = TOKENS / SLICES };
    struct attention_slices shape = {.heads = 1, .head_width = 1};
    for (size_t i = 0; i < SLICES; i++)
        for (size_t j = 0; j < SLICES; j++) {
            shape.queries = slice_of(TOKENS, SLICES_ZIGZAG, SLICES, i);
            shape.keys = slice_of(TOKENS, SLICES_ZIGZAG, SLICES, j);
            CHECK_EQUAL(math_attention_pairs(&shape), i == j ? T * T * 3 / 4 : T * T / 2);
            shape.queries = slice_of(TOKENS, SLICES_CONTIGUOUS, SLICES, i);
            shape.keys = slice_of(TOKENS, SLICES_CONTIGUOUS, SLICES, j);
            CHECK_EQUAL(math_attention_pairs(&shape), j <= i ? T * T : 0);
        }
}

SUITE("math: attention in slices", TEST(every_kernel_attends_in_slices), TEST(zigzag_is_balanced));
