/* QSGD (Alistarh et al., NeurIPS 2017): with s levels, an element is +-norm l / s, where l is |x| s /
 * norm rounded up or down at random so that its mean is right: unbiased. The norm is the range's
 * Euclidean one; s = 2^(bits - 1) - 1. Payload: the norm, then bits an element, the sign highest. (Its
 * paper's entropy coding is left out.) */
#include "compressors.h"

#include <math.h>

static size_t words(const struct compressor *compressor, size_t count)
{
    return 1 + (count * (size_t)compressor->bits + 31) / 32;
}

static float levels(const struct compressor *compressor)
{
    return (float)((1 << (compressor->bits - 1)) - 1);
}

static float norm_of(size_t count, const float *x)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return (float)sqrt(sum);
}

/* Bits are a power of two, so a code never lies in two words. */
static uint32_t *word_at(uint32_t *codes, int bits, size_t i)
{
    return &codes[i * (size_t)bits / 32];
}

static void encode(const struct compressor *compressor, struct range_key key, size_t count, float *x,
                   uint32_t *payload)
{
    int bits = compressor->bits;
    float norm = norm_of(count, x), most = levels(compressor);
    memset(payload, 0, words(compressor, count) * sizeof *payload);
    payload[0] = word_of(norm);
    for (size_t i = 0; i < count; i++) {
        float exact = norm > 0 ? fabsf(x[i]) / norm * most : 0, below = floorf(exact);
        bool up = draw_uniform(key.draw, key.at + i) < (double)(exact - below);
        uint32_t level = (uint32_t)below + (up && below < most);
        uint32_t code = level | (uint32_t)(x[i] < 0) << (bits - 1);
        float sent = norm * (float)level / most;
        *word_at(payload + 1, bits, i) |= code << (i * (size_t)bits % 32);
        x[i] -= x[i] < 0 ? -sent : sent;
    }
}

static void decode(const struct compressor *compressor, struct range_key key, size_t count,
                   const uint32_t *payload, float *sum)
{
    (void)key;
    int bits = compressor->bits;
    float norm = float_of_word(payload[0]), most = levels(compressor);
    uint32_t sign = 1u << (bits - 1), mask = (sign << 1) - 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t word = payload[1 + i * (size_t)bits / 32];
        uint32_t code = word >> (i * (size_t)bits % 32) & mask;
        float sent = norm * (float)(code & (sign - 1)) / most;
        sum[i] += code & sign ? -sent : sent;
    }
}

static struct work encode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 40 + 8, 4 + 4 + 4 + 1);
}

static struct work decode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 4, 1 + 4 + 4);
}

static bool read(struct compressor *compressor, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    static const char *const choices[] = {"2", "4", "8"};
    if (strcmp(key, "bits"))
        return compressor_read_feedback(compressor, key, value, where, errors);
    for (int i = 0; i < 3; i++)
        if (!strcmp(value, choices[i])) {
            compressor->bits = 2 << i;
            return true;
        }
    return errors_add(errors, "%s: bits=%s: expected 2, 4 or 8", where, value);
}

const struct compressor_ops compressor_qsgd = {
    .name = "qsgd",
    .summary = "each element rounded at random to a few levels, unbiased; all-gathered",
    .options = "bits=4,feedback=off|on",
    .read = read,
    .words = words,
    .encode = encode,
    .decode = decode,
    .encode_work = encode_work,
    .decode_work = decode_work,
};
