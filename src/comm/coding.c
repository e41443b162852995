#include "threadrack/comm/coding.h"

#include "compressors/compressors.h"

#include "threadrack/math/math.h"

enum { AT_A_TIME = 256 };

static bool is_narrow(const struct compressor *compressor)
{
    return !compressor->ops->words;
}

size_t coding_words(const struct compressor *compressor, size_t count)
{
    if (count == 0)
        return 0;
    return is_narrow(compressor) ? (count + 1) / 2 : compressor->ops->words(compressor, count);
}

static void pack(enum element element, size_t count, float *x, uint32_t *payload)
{
    uint16_t *packed = (uint16_t *)payload;
    math_pack(element, count, x, packed);
    if (count % 2)
        packed[count] = 0;
}

static struct work encode_work(const struct compressor *compressor, size_t count, bool feedback)
{
    struct work work = is_narrow(compressor) ? pass_work(count, 4, 4 + 2)
                                             : compressor->ops->encode_work(compressor, count);
    if (feedback) {
        work.flops += count;
        work.bytes += 3 * sizeof(float) * count;
        work.kernels++;
    }
    return work;
}

void coding_encode(struct rank *self, const struct compressor *compressor, struct range_key key, size_t count,
                   float *x, float *left, uint32_t *payload)
{
    if (!rank_compute_begin(self, encode_work(compressor, count, compressor->feedback)))
        return;
    if (left)
        math_add(count, x, left);
    if (is_narrow(compressor))
        pack(compressor->ops->element, count, x, payload);
    else
        compressor->ops->encode(compressor, key, count, x, payload);
    if (left)
        memcpy(left, x, count * sizeof *x);
    rank_compute_end(self);
}

/* Some at a time, since they are floats on the way. */
static void add_packed(enum element element, size_t count, const uint16_t *packed, float *sum)
{
    float some[AT_A_TIME];
    for (size_t at = 0; at < count; at += AT_A_TIME) {
        size_t n = count - at < AT_A_TIME ? count - at : AT_A_TIME;
        math_unpack(element, n, packed + at, some);
        math_add(n, sum + at, some);
    }
}

void coding_add(const struct compressor *compressor, struct range_key key, size_t count, const uint32_t *payload,
                float *sum)
{
    if (is_narrow(compressor))
        add_packed(compressor->ops->element, count, (const uint16_t *)payload, sum);
    else
        compressor->ops->decode(compressor, key, count, payload, sum);
}

struct work coding_add_work(const struct compressor *compressor, size_t count)
{
    return is_narrow(compressor) ? pass_work(count, 2, 2 + 4 + 4)
                                 : compressor->ops->decode_work(compressor, count);
}
