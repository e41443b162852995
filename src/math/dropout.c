#include "threadrack/math/dropout.h"

#include "threadrack/base/vectorise.h"

enum { WORDS = 4 };

void math_dropout_draw(struct draw draw, double rate, uint64_t first, size_t n, uint8_t *kept)
{
    uint32_t words[WORDS], limit = (uint32_t)(rate * 0x1p32);
    for (size_t i = 0; i < n; i++) {
        uint64_t element = first + i;
        if (i == 0 || element % WORDS == 0)
            draw_words(draw, element / WORDS, words);
        kept[i] = words[element % WORDS] >= limit;
    }
}

VECTORISED void math_dropout(size_t n, const uint8_t *kept, float factor, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = kept[i] ? factor * x[i] : 0;
}
