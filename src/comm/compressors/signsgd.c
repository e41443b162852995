/* signSGD with majority vote (Bernstein et al., ICML 2018): one bit an element, and the result is the
 * sign of the sum of signs, 0 where the vote is even. The update does not depend on how large the
 * gradients are, so it wants a learning rate of its own. Payload: a bit an element, 1 for negative. */
#include "compressors.h"

static size_t words(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return (count + 31) / 32;
}

static void encode(const struct compressor *compressor, struct range_key key, size_t count, float *x,
                   uint32_t *payload)
{
    (void)key;
    memset(payload, 0, words(compressor, count) * sizeof *payload);
    for (size_t i = 0; i < count; i++) {
        payload[i / 32] |= (uint32_t)(x[i] < 0) << i % 32;
        x[i] -= x[i] < 0 ? -1.0f : 1.0f;
    }
}

static void decode(const struct compressor *compressor, struct range_key key, size_t count,
                   const uint32_t *payload, float *sum)
{
    (void)compressor;
    (void)key;
    for (size_t i = 0; i < count; i++)
        sum[i] += payload[i / 32] >> i % 32 & 1 ? -1.0f : 1.0f;
}

static void settle(size_t count, float *sum)
{
    for (size_t i = 0; i < count; i++)
        sum[i] = (float)((sum[i] > 0) - (sum[i] < 0));
}

static struct work encode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 2, 4);
}

static struct work decode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 2, 8);
}

const struct compressor_ops compressor_signsgd = {
    .name = "signsgd",
    .summary = "one bit an element; the majority's sign is the gradient; all-gathered",
    .options = "",
    .words = words,
    .encode = encode,
    .decode = decode,
    .settle = settle,
    .encode_work = encode_work,
    .decode_work = decode_work,
};
