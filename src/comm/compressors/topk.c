/* The k elements of largest magnitude, with their places (Aji, Heafield: Sparse communication for
 * distributed gradient descent, EMNLP 2017; Lin et al.: Deep gradient compression, ICLR 2018). Of
 * equals the first. Payload: k pairs of place and value, in order of places.
 *
 * The k-th largest is found by its bits, from the highest on: a magnitude's bits sort as it does. */
#include "compressors.h"

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3 };

static size_t words(const struct compressor *compressor, size_t count)
{
    return 2 * compressor_kept(compressor, count);
}

static uint32_t magnitude(float x)
{
    return word_of(x) & 0x7FFFFFFFu;
}

/* The bits of the k-th largest magnitude; *equals: how many that are equal to it belong to the k. */
static uint32_t threshold(size_t count, const float *x, size_t k, size_t *equals)
{
    static const int shifts[PASSES] = {21, 10, 0}; /* of 31 bits: 10, 11 and, the last, 10 */
    uint32_t prefix = 0, known = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        uint32_t mask = pass == PASSES - 1 ? 1023 : DIGITS - 1;
        uint32_t counts[DIGITS] = {0}, digit = mask;
        for (size_t i = 0; i < count; i++)
            if ((magnitude(x[i]) & known) == prefix)
                counts[magnitude(x[i]) >> shifts[pass] & mask]++;
        for (; digit > 0 && counts[digit] < k; digit--)
            k -= counts[digit];
        prefix |= digit << shifts[pass];
        known |= mask << shifts[pass];
    }
    *equals = k;
    return prefix;
}

static void encode(const struct compressor *compressor, struct range_key key, size_t count, float *x,
                   uint32_t *payload)
{
    (void)key;
    size_t kept = compressor_kept(compressor, count), equals, at = 0;
    uint32_t least = threshold(count, x, kept, &equals);
    for (size_t i = 0; i < count; i++) {
        uint32_t size = magnitude(x[i]);
        if (size < least || (size == least && equals == 0))
            continue;
        equals -= size == least;
        payload[at++] = (uint32_t)i;
        payload[at++] = word_of(x[i]);
        x[i] = 0;
    }
}

static void decode(const struct compressor *compressor, struct range_key key, size_t count,
                   const uint32_t *payload, float *sum)
{
    (void)key;
    size_t end = words(compressor, count);
    for (size_t at = 0; at < end; at += 2)
        sum[payload[at]] += float_of_word(payload[at + 1]);
}

static struct work encode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 3 * PASSES + 2, 4 * PASSES + 8);
}

static struct work decode_work(const struct compressor *compressor, size_t count)
{
    return pass_work(compressor_kept(compressor, count), 1, 8 + 8);
}

static bool read(struct compressor *compressor, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    int before = errors->count;
    return compressor_read_ratio(compressor, key, value, where, errors) ||
           (errors->count == before &&
            compressor_read_feedback(compressor, key, value, where, errors));
}

const struct compressor_ops compressor_topk = {
    .name = "topk",
    .summary = "the largest elements, with their places; all-gathered",
    .options = "ratio=0.01,feedback=on|off",
    .read = read,
    .feedback = true,
    .words = words,
    .encode = encode,
    .decode = decode,
    .encode_work = encode_work,
    .decode_work = decode_work,
};
