/* Linear quantisation to 8 bits: each element as the nearest of 255 multiples of max|x| / 127
 * (Dettmers: 8-bit approximations for parallelism in deep learning, ICLR 2016, its linear form).
 * Payload: the scale, then four elements a word. */
#include "compressors.h"

#include <math.h>

static size_t words(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return 1 + (count + 3) / 4;
}

static float largest(size_t count, const float *x)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    return most;
}

static void encode(const struct compressor *compressor, struct range_key key, size_t count, float *x,
                   uint32_t *payload)
{
    (void)compressor;
    (void)key;
    float scale = largest(count, x) / 127.0f;
    int8_t *codes = (int8_t *)(payload + 1);
    payload[0] = word_of(scale);
    for (size_t i = 0; i < count; i++) {
        codes[i] = scale > 0 ? (int8_t)rintf(x[i] / scale) : 0;
        x[i] -= scale * (float)codes[i];
    }
    for (size_t i = count; i % 4; i++)
        codes[i] = 0;
}

static void decode(const struct compressor *compressor, struct range_key key, size_t count,
                   const uint32_t *payload, float *sum)
{
    (void)compressor;
    (void)key;
    float scale = float_of_word(payload[0]);
    const int8_t *codes = (const int8_t *)(payload + 1);
    for (size_t i = 0; i < count; i++)
        sum[i] += scale * (float)codes[i];
}

static struct work encode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 5, 4 + 4 + 4 + 1); /* read for the largest; read, code and what is left */
}

static struct work decode_work(const struct compressor *compressor, size_t count)
{
    (void)compressor;
    return pass_work(count, 2, 1 + 4 + 4);
}

const struct compressor_ops compressor_int8 = {
    .name = "int8",
    .summary = "each element as one of 255 multiples of a scale for the range; all-gathered",
    .options = "feedback=off|on",
    .read = compressor_read_feedback,
    .words = words,
    .encode = encode,
    .decode = decode,
    .encode_work = encode_work,
    .decode_work = decode_work,
};
