/* 2x2 max pooling, four windows at a time.
 *
 * Rows are often no multiple of that, so windows run over the end of a row into what the next row
 * overwrites, but where the buffer ends.
 */
#include "reference.h"

#include "threadrack/base/vectorise.h"

#include <string.h>

enum { WINDOWS = 4 };

typedef float four __attribute__((vector_size(16)));
typedef int32_t four_words __attribute__((vector_size(16)));
typedef uint8_t bytes __attribute__((vector_size(16)));

#define EVEN(p, q) __builtin_shufflevector(p, q, 0, 2, 4, 6)
#define ODD(p, q)  __builtin_shufflevector(p, q, 1, 3, 5, 7)
#define LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define BYTES(words)                                                                               \
    __builtin_shufflevector(words, words, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12)
#define WIDENED(four)                                                                              \
    __builtin_shufflevector(four, (bytes){0}, 0, 16, 16, 16, 1, 16, 16, 16, 2, 16, 16, 16, 3, 16,  \
                            16, 16)

static inline four load(const float *from)
{
    four value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* mask ? a : b, for masks of all bits or none. */
static inline four_words choose(four_words mask, four_words a, four_words b)
{
    return (mask & a) | (~mask & b);
}

static inline four choose_float(four_words mask, four a, four b)
{
    return (four)choose(mask, (four_words)a, (four_words)b);
}

/* A later value must be larger to be taken, or no number, which then stays, as in PyTorch. */
static inline void pool_four(const float *upper, const float *lower, float *y, uint8_t *which)
{
    four p = load(upper), q = load(upper + 4), r = load(lower), s = load(lower + 4);
    four a = EVEN(p, q), b = ODD(p, q), c = EVEN(r, s), d = ODD(r, s);
    four_words right_up = (b > a) | (b != b), right_down = (d > c) | (d != d);
    four top = choose_float(right_up, b, a), bottom = choose_float(right_down, d, c);
    four_words down = (bottom > top) | (bottom != bottom);
    four best = choose_float(down, bottom, top);
    bytes place = (bytes)choose(down, 2 - right_down, -right_up);
    place = BYTES(place);
    memcpy(y, &best, sizeof best);
    memcpy(which, &place, WINDOWS);
}

static inline void pool_one(const float *upper, const float *lower, float *y, uint8_t *which)
{
    float a = upper[0], b = upper[1], c = lower[0], d = lower[1];
    bool right_up = b > a || b != b, right_down = d > c || d != d;
    float top = right_up ? b : a, bottom = right_down ? d : c;
    bool down = bottom > top || bottom != bottom;
    *y = down ? bottom : top;
    *which = down ? (right_down ? 3 : 2) : right_up;
}

VECTORISED static void pool_planes(size_t planes, size_t height, size_t width, const float *x,
                                   float *y, uint8_t *which)
{
    size_t high = height / 2, wide = width / 2, left = planes * high * wide;
    for (size_t p = 0; p < planes; p++)
        for (size_t i = 0; i < high; i++, y += wide, which += wide, left -= wide) {
            const float *upper = x + (p * height + 2 * i) * width, *lower = upper + width;
            size_t j = 0;
            for (; j < wide && left - j >= WINDOWS; j += WINDOWS)
                pool_four(upper + 2 * j, lower + 2 * j, y + j, which + j);
            for (; j < wide; j++)
                pool_one(upper + 2 * j, lower + 2 * j, y + j, which + j);
        }
}

void math_pool(size_t planes, size_t height, size_t width, const float *x, float *y, uint8_t *which)
{
    if (math_by_plain_loops())
        math_pool_reference(planes, height, width, x, y, which);
    else
        pool_planes(planes, height, width, x, y, which);
}

/* Eight pixels: dy where `which` is `left` or `left` + 1, in its place. */
static inline void spread_four(const float *dy, const uint8_t *which, int32_t left, float *to)
{
    bytes packed = {0};
    memcpy(&packed, which, WINDOWS);
    four_words place = (four_words)WIDENED(packed), d = (four_words)load(dy);
    four_words even = (place == left) & d, odd = (place == left + 1) & d;
    four_words low = LOW(even, odd), high = HIGH(even, odd);
    memcpy(to, &low, sizeof low);
    memcpy(to + 4, &high, sizeof high);
}

/* One row of pixels, of which `left` windows are left in the buffer. */
static inline void spread_row(size_t wide, size_t width, size_t left, const float *dy,
                              const uint8_t *which, int32_t place, float *to)
{
    size_t j = 0;
    for (; j < wide && left - j >= WINDOWS; j += WINDOWS)
        spread_four(dy + j, which + j, place, to + 2 * j);
    for (; j < wide; j++) {
        to[2 * j] = which[j] == place ? dy[j] : 0;
        to[2 * j + 1] = which[j] == place + 1 ? dy[j] : 0;
    }
    if (width % 2)
        to[width - 1] = 0;
}

/* From the first row to the last, since a row is spoilt by the one before it. */
VECTORISED static void spread_planes(size_t planes, size_t height, size_t width, const float *dy,
                                     const uint8_t *which, float *dx)
{
    size_t high = height / 2, wide = width / 2, left = planes * high * wide;
    for (size_t p = 0; p < planes; p++) {
        for (size_t i = 0; i < high; i++, dy += wide, which += wide, left -= wide) {
            spread_row(wide, width, left, dy, which, 0, dx);
            spread_row(wide, width, left, dy, which, 2, dx + width);
            dx += 2 * width;
        }
        if (height % 2) {
            memset(dx, 0, width * sizeof *dx);
            dx += width;
        }
    }
}

void math_pool_backward(size_t planes, size_t height, size_t width, const float *dy,
                        const uint8_t *which, float *dx)
{
    if (math_by_plain_loops())
        math_pool_backward_reference(planes, height, width, dy, which, dx);
    else
        spread_planes(planes, height, width, dy, which, dx);
}
