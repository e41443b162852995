/* What each compressor owes, over the table, and what its paper says of it. */
#include "tests/check.h"

#include "threadrack/base/memory.h"
#include "threadrack/comm/compressor.h"

#include <stdlib.h>

enum { MOST = 1000 };

static struct compressor compressor_of(const char *text)
{
    struct compressor compressor;
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(compressor_parse(&compressor, text, "test", &errors));
    errors_release(&errors);
    return compressor;
}

static void fill(float *x, size_t count, uint64_t seed)
{
    struct draw draw = {.seed = seed, .purpose = PURPOSE_TEST};
    for (size_t i = 0; i < count; i++)
        x[i] = (float)draw_normal(draw, i);
}

static struct range_key key_of(uint32_t step)
{
    return (struct range_key){
        .draw = {.seed = 3, .purpose = PURPOSE_COMPRESS, .rank = 2, .step = step}, .at = 11};
}

/* What is sent of x, into `sent`, and what is left, into `left`. */
static void pass(const struct compressor *compressor, uint32_t step, size_t count, const float *x,
                 float *sent, float *left)
{
    uint32_t *payload = memory_zeroed(compressor->ops->words(compressor, count) + 1, sizeof *payload);
    payload[compressor->ops->words(compressor, count)] = 0xDEADBEEF;
    memcpy(left, x, count * sizeof *x);
    memset(sent, 0, count * sizeof *sent);
    compressor->ops->encode(compressor, key_of(step), count, left, payload);
    compressor->ops->decode(compressor, key_of(step), count, payload, sent);
    CHECK_EQUAL(payload[compressor->ops->words(compressor, count)], 0xDEADBEEF);
    free(payload);
}

static void what_is_sent_and_what_is_left_make_the_whole(void)
{
    static const size_t counts[] = {1, 2, 3, 4, 5, 31, 32, 33, 100, 997};
    float x[MOST], sent[MOST], left[MOST];
    for (int i = 0; compressors[i]; i++) {
        struct compressor compressor = compressor_of(compressors[i]->name);
        bool exact = !strcmp(compressors[i]->name, "topk") || !strcmp(compressors[i]->name, "randomk");
        for (size_t c = 0; compressors[i]->words && c < sizeof counts / sizeof *counts; c++) {
            fill(x, counts[c], c);
            pass(&compressor, 0, counts[c], x, sent, left);
            for (size_t k = 0; k < counts[c]; k++)
                CHECK(exact ? sent[k] + left[k] == x[k]
                            : fabsf(sent[k] + left[k] - x[k]) <= 1e-5f * (1 + fabsf(x[k])));
        }
        memset(x, 0, sizeof x); /* nothing is made of nothing, but signs */
        if (compressors[i]->words && strcmp(compressors[i]->name, "signsgd")) {
            pass(&compressor, 0, 64, x, sent, left);
            for (size_t k = 0; k < 64; k++)
                CHECK(sent[k] == 0 && left[k] == 0);
        }
    }
}

static void topk_sends_the_largest(void)
{
    float x[MOST], sent[MOST], left[MOST];
    struct compressor some = compressor_of("topk:ratio=0.1"), all = compressor_of("topk:ratio=1");
    for (uint64_t seed = 0; seed < 20; seed++) {
        fill(x, MOST, seed);
        for (size_t i = 0; i < MOST; i += 3)
            x[i] = seed % 2 ? x[(i + 3) % MOST] : -1.5f; /* ties */
        pass(&some, 0, MOST, x, sent, left);
        float least = HUGE_VALF, most = 0;
        int count = 0, first_left = -1, last_sent = -1;
        for (int i = 0; i < MOST; i++) {
            count += sent[i] != 0;
            least = sent[i] != 0 && fabsf(sent[i]) < least ? fabsf(sent[i]) : least;
            most = fabsf(left[i]) > most ? fabsf(left[i]) : most;
        }
        for (int i = 0; i < MOST; i++) { /* of equals, the first go */
            last_sent = fabsf(sent[i]) == least ? i : last_sent;
            first_left = first_left < 0 && fabsf(left[i]) == least ? i : first_left;
        }
        CHECK_EQUAL(count, MOST / 10);
        CHECK(least >= most);
        CHECK(first_left < 0 || first_left > last_sent);
        pass(&all, 0, MOST, x, sent, left);
        CHECK(!memcmp(sent, x, sizeof x));
    }
}

static void randomk_visits_every_place_alike(void)
{
    float x[MOST], sent[MOST], left[MOST], visits[MOST] = {0};
    struct compressor compressor = compressor_of("randomk:ratio=0.1");
    for (int i = 0; i < MOST; i++)
        x[i] = 1;
    for (uint32_t step = 0; step < 2000; step++) {
        int count = 0;
        pass(&compressor, step, MOST, x, sent, left);
        for (int i = 0; i < MOST; i++) {
            visits[i] += sent[i];
            count += sent[i] == 1;
        }
        CHECK_EQUAL(count, MOST / 10);
    }
    for (int i = 0; i < MOST; i++)
        CHECK_NEAR(visits[i] / 2000, 0.1, 0.035); /* 5 deviations */
}

static void qsgd_is_unbiased(void)
{
    enum { DRAWS = 20000, SIZE = 8 };
    float x[SIZE], sent[SIZE], left[SIZE];
    static const char *const words[] = {"qsgd:bits=2", "qsgd:bits=4", "qsgd:bits=8"};
    fill(x, SIZE, 1);
    for (int w = 0; w < 3; w++) {
        struct compressor compressor = compressor_of(words[w]);
        double mean[SIZE] = {0}, norm = 0;
        for (int i = 0; i < SIZE; i++)
            norm += (double)x[i] * (double)x[i];
        for (uint32_t step = 0; step < DRAWS; step++) {
            pass(&compressor, step, SIZE, x, sent, left);
            for (int i = 0; i < SIZE; i++)
                mean[i] += (double)sent[i] / DRAWS;
        }
        double level = sqrt(norm) / ((1 << (compressor.bits - 1)) - 1);
        for (int i = 0; i < SIZE; i++) /* 5 deviations, none above half a level */
            CHECK_NEAR(mean[i], x[i], 5 * 0.5 * level / sqrt(DRAWS));
    }
}

static void signs_are_voted_on(void)
{
    struct compressor compressor = compressor_of("signsgd");
    float sum[3] = {0}, x[3][3] = {{1, -2, 3}, {4, -5, -6}, {-7, -8, 9}};
    uint32_t payload;
    for (int i = 0; i < 3; i++) {
        compressor.ops->encode(&compressor, key_of(0), 3, x[i], &payload);
        compressor.ops->decode(&compressor, key_of(0), 3, &payload, sum);
    }
    compressor.ops->settle(3, sum);
    CHECK(sum[0] == 1 && sum[1] == -1 && sum[2] == 1);
    float even[2] = {0, 2};
    compressor.ops->settle(2, even);
    CHECK(even[0] == 0 && even[1] == 1);
}

static void int8_is_within_half_a_step(void)
{
    float x[MOST], sent[MOST], left[MOST], most = 0;
    struct compressor compressor = compressor_of("int8");
    fill(x, MOST, 9);
    for (int i = 0; i < MOST; i++)
        most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    pass(&compressor, 0, MOST, x, sent, left);
    for (int i = 0; i < MOST; i++)
        CHECK(fabsf(sent[i] - x[i]) <= most / 127 * 0.50001f);
    CHECK_EQUAL(compressor.ops->words(&compressor, MOST), 1 + MOST / 4);
}

/* The compiler's own conversions, where it has the types, are the reference. */
static void narrow_types_round_to_nearest_even(void)
{
    struct draw draw = {.seed = 1, .purpose = PURPOSE_TEST};
    for (uint64_t i = 0; i < 200000; i++) {
        uint32_t bits = (uint32_t)draw_bits(draw, i);
        bits = i % 2 ? bits : (bits & 0x8FFFFFFF) | 0x30000000; /* near fp16's range */
        float x, half, brain;
        memcpy(&x, &bits, sizeof x);
        half = brain = x;
        math_round(ELEMENT_FP16, 1, &half);
        math_round(ELEMENT_BF16, 1, &brain);
        if (isnan(x)) {
            CHECK(isnan(half) && isnan(brain));
            continue;
        }
#ifdef __FLT16_MAX__
        CHECK(half == (float)(_Float16)x);
#endif
        uint32_t low = bits & 0xFFFF, top = bits >> 16, kept;
        top += low > 0x8000 || (low == 0x8000 && (top & 1));
        memcpy(&kept, &brain, sizeof kept);
        CHECK_EQUAL(kept, (uint32_t)(top << 16));
    }
}

/* Two bytes hold what is rounded to them, and every two bytes are some number. */
static void narrow_types_are_packed(void)
{
    struct draw draw = {.seed = 2, .purpose = PURPOSE_TEST};
    for (enum element element = ELEMENT_FP16; element <= ELEMENT_BF16; element++) {
        int wrong = 0;
        for (uint32_t bits = 0; bits < 1 << 16; bits++) {
            uint16_t packed = (uint16_t)bits, again;
            float x;
            math_unpack(element, 1, &packed, &x);
            math_pack(element, 1, &x, &again);
            wrong += packed != again && !isnan(x) && x != 0; /* a zero's sign is rounded away */
        }
        for (uint64_t i = 0; i < 20000; i++) {
            float x = (float)draw_normal(draw, i) * ldexpf(1, (int)(i % 50) - 30), rounded = x;
            uint16_t packed;
            math_pack(element, 1, &x, &packed);
            math_unpack(element, 1, &packed, &x);
            math_round(element, 1, &rounded);
            wrong += memcmp(&x, &rounded, sizeof x) != 0;
        }
        CHECK_EQUAL(wrong, 0);
    }
}

SUITE("comm: compressors", TEST(what_is_sent_and_what_is_left_make_the_whole),
      TEST(topk_sends_the_largest), TEST(randomk_visits_every_place_alike), TEST(qsgd_is_unbiased),
      TEST(signs_are_voted_on), TEST(int8_is_within_half_a_step),
      TEST(narrow_types_round_to_nearest_even), TEST(narrow_types_are_packed));
