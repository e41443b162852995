/* k elements at random (Stich, Cordonnier, Jaggi: Sparsified SGD with memory, NeurIPS 2018): one place
 * of each of k even shares of the range, so that none comes twice. Receivers draw a sender's places
 * for themselves. Payload: k values. */
#include "compressors.h"

#include "threadrack/base/share.h"

static size_t words(const struct compressor *compressor, size_t count)
{
    return compressor_kept(compressor, count);
}

static size_t place(struct range_key key, size_t count, size_t kept, size_t i)
{
    struct share share = share_of(count, kept, i);
    return share.begin + draw_below(key.draw, key.at + i, (uint32_t)share.count);
}

static void encode(const struct compressor *compressor, struct range_key key, size_t count, float *x,
                   uint32_t *payload)
{
    size_t kept = compressor_kept(compressor, count);
    for (size_t i = 0; i < kept; i++) {
        size_t at = place(key, count, kept, i);
        payload[i] = word_of(x[at]);
        x[at] = 0;
    }
}

static void decode(const struct compressor *compressor, struct range_key key, size_t count,
                   const uint32_t *payload, float *sum)
{
    size_t kept = compressor_kept(compressor, count);
    for (size_t i = 0; i < kept; i++)
        sum[place(key, count, kept, i)] += float_of_word(payload[i]);
}

static struct work element_work(const struct compressor *compressor, size_t count)
{
    return pass_work(compressor_kept(compressor, count), 40, 4 + 8); /* a draw is some 40 operations */
}

static bool read(struct compressor *compressor, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    return compressor_topk.read(compressor, key, value, where, errors);
}

const struct compressor_ops compressor_randomk = {
    .name = "randomk",
    .summary = "elements at random places, which receivers draw for themselves; all-gathered",
    .options = "ratio=0.01,feedback=on|off",
    .read = read,
    .feedback = true,
    .words = words,
    .encode = encode,
    .decode = decode,
    .encode_work = element_work,
    .decode_work = element_work,
};
