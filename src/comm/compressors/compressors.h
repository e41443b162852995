/* What the members of the family share. */
#ifndef COMM_COMPRESSORS_H
#define COMM_COMPRESSORS_H

#include "threadrack/comm/compressor.h"

#include <string.h>

#define COMPRESSOR(name) extern const struct compressor_ops compressor_##name;
#include "../compressor.def"
#undef COMPRESSOR

bool compressor_read_ratio(struct compressor *compressor, const char *key, const char *value,
                           const char *where, struct errors *errors);
/* feedback=on|off */
bool compressor_read_feedback(struct compressor *compressor, const char *key, const char *value,
                              const char *where, struct errors *errors);
/* How many of `count` elements a ratio means: at least one, rounded up. */
size_t compressor_kept(const struct compressor *compressor, size_t count);

static inline uint32_t word_of(float x)
{
    uint32_t word;
    memcpy(&word, &x, sizeof word);
    return word;
}

static inline float float_of_word(uint32_t word)
{
    float x;
    memcpy(&x, &word, sizeof x);
    return x;
}

/* One kernel over `count` floats: so many operations, and so many bytes read and written, an element. */
static inline struct work pass_work(size_t count, uint64_t flops, uint64_t bytes)
{
    return (struct work){.flops = flops * count, .bytes = bytes * count, .kernels = 1};
}

#endif
