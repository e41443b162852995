/* A matrix turned, for products whose b must have its rows side by side. */
#include "../tile.h"

static void turn_each(size_t rows, size_t columns, const float *from, size_t stride, float *to, size_t apart)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[c * apart + r] = from[r * stride + c];
}

#ifdef __x86_64__
#include "../isa/turn.h"

/* Returns how many columns it turned. */
__attribute__((target("avx2"), UNWATCHED)) static size_t
turn_eight(size_t columns, const float *from, size_t stride, float *to, size_t apart)
{
    const float *rows[8];
    size_t c = 0;
    for (size_t r = 0; r < 8; r++)
        rows[r] = from + r * stride;
    for (; c + 4 <= columns; c += 4)
        turn_four(rows, c, to + c * apart, apart);
    return c;
}
#else
static size_t turn_eight(size_t columns, const float *from, size_t stride, float *to, size_t apart)
{
    (void)columns, (void)from, (void)stride, (void)to, (void)apart;
    return 0;
}
#endif

void tile_turn(size_t rows, size_t columns, const float *from, size_t stride, float *to)
{
    size_t apart = rows;
    for (; tile_is_wide() && rows >= 8; rows -= 8, from += 8 * stride, to += 8) {
        size_t done = turn_eight(columns, from, stride, to, apart);
        turn_each(8, columns - done, from + done, stride, to + done * apart, apart);
    }
    turn_each(rows, columns, from, stride, to, apart);
}
