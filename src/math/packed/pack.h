/* Where the blocks of a product are, and packing them: the half of body.h that moves. Included by it, once for
 * each kind of register.
 *
 * A block of a lies in panels of LOW to HIGH rows, one k after another: (deep, high). One of b lies in panels of
 * WIDE columns. Rows that lie side by side in memory are turned, eight at a time.
 */
#include "../isa/turn.h"

#include <string.h>

#define INLINE ISA static inline __attribute__((always_inline))

enum { WIDE = 2 * LANES, EIGHT = 8, LINE = 16 };
_Static_assert(LANES <= SLACK && COLUMNS % WIDE == 0 && DEEP % LINE == 0, "blocks are whole panels");
_Static_assert(PACKED_LEAST >= 2 * LOW && 2 * HIGH + 1 >= 3 * LOW, "rows can be shared out");

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows of memory that will be packed soon, a line at a time. */
struct ahead {
    const float *at;
    size_t stride, width, column, rows;
};

static struct ahead ahead_of(const struct operand *x, size_t outer, size_t k, size_t count,
                             size_t deep)
{
    return x->turned ? (struct ahead){x->at + k * x->stride + outer, x->stride, count, 0, deep}
                     : (struct ahead){x->at + outer * x->stride + k, x->stride, deep, 0, count};
}

INLINE void ask_ahead(struct ahead *ahead)
{
    if (!ahead->rows)
        return;
    _mm_prefetch((const char *)(ahead->at + ahead->column), _MM_HINT_T1);
    ahead->column += LINE;
    if (ahead->column >= ahead->width) {
        ahead->column = 0;
        ahead->at += ahead->stride;
        ahead->rows--;
    }
}

/* C's rows, shared out: the first `taller` panels have a row more. */
struct panels {
    size_t count, high, taller;
};

static struct panels panels_of(size_t m)
{
    size_t count = (m + HIGH - 1) / HIGH;
    return (struct panels){count, m / count, m % count};
}

static inline size_t panel_high(const struct panels *panels, size_t i)
{
    return panels->high + (i < panels->taller);
}

static inline size_t panel_row(const struct panels *panels, size_t i)
{
    return i * panels->high + (i < panels->taller ? i : panels->taller);
}

/* Where a block is: panels of rows, the rows they are, columns, and k. */
struct block {
    size_t first, last, row, rows, column, columns, k, deep;
};

/* Eight rows of a panel, or fewer, of which `last` is the last and takes the others' place. Those of the
 * next panel are asked for: of so few k of each row, the processor sees no pattern itself. */
INLINE void pack_eight(const float *from, size_t stride, size_t last, size_t deep, float *to, size_t high)
{
    const float *rows[EIGHT];
    size_t l = 0, next = high * stride;
    for (size_t r = 0; r < EIGHT; r++)
        rows[r] = from + (r < last ? r : last) * stride;
    for (; l + LINE <= deep; l += LINE) {
#pragma GCC unroll 8
        for (size_t r = 0; r < EIGHT; r++)
            _mm_prefetch((const char *)(rows[r] + next + l), _MM_HINT_T1);
#pragma GCC unroll 4
        for (size_t u = 0; u < LINE; u += 4)
            turn_four(rows, l + u, to + (l + u) * high, high);
    }
    for (; l < deep; l++)
        for (size_t r = 0; r < EIGHT && r <= last; r++)
            to[l * high + r] = from[r * stride + l];
}

/* A panel (deep, high), one k after another, of `count` rows that each lie side by side in memory,
 * `stride` apart. Eights from the last on: what one writes beyond its own stretches the others and the next
 * panel write again. */
INLINE void pack_along(const float *from, size_t stride, size_t count, size_t deep, float *to,
                       size_t high)
{
    size_t r = count - count % EIGHT;
    if (r < count)
        pack_eight(from + r * stride, stride, count - r - 1, deep, to + r, high);
    for (; r > 0; r -= EIGHT)
        pack_eight(from + (r - EIGHT) * stride, stride, EIGHT - 1, deep, to + r - EIGHT, high);
}

ISA static void pack_rows(const struct operand *a, const struct panels *panels, const struct block *block,
                          float *to)
{
    const float *from = a->at + (a->turned ? block->k * a->stride : block->k);
    size_t deep = block->deep;
    if (!a->turned)
        for (size_t i = block->first; i < block->last; i++) {
            size_t high = panel_high(panels, i), row = panel_row(panels, i);
            pack_along(from + row * a->stride, a->stride, high, deep, to + (row - block->row) * deep, high);
        }
    for (size_t l = 0; a->turned && l < deep; l++, from += a->stride)
        for (size_t i = block->first, row = block->row; i < block->last; i++) {
            size_t high = panel_high(panels, i);
            copy_some(to + (row - block->row) * deep + l * high, from + row, high);
            row += high;
        }
}

/* One panel of b^T, from column j of the block on: turned, its columns lie side by side. */
ISA static void pack_columns(const struct operand *b, const struct block *block, size_t j, float *to)
{
    size_t column = block->column + j, left = least(block->columns - j, WIDE);
    if (!b->turned) {
        pack_along(b->at + column * b->stride + block->k, b->stride, left, block->deep, to, WIDE);
        return;
    }
    const float *from = b->at + block->k * b->stride + column;
    size_t more = left > LANES ? left - LANES : 0;
    MASK first = MASK_OF(left - more), second = MASK_OF(more);
    for (size_t l = 0; l < block->deep; l++, from += b->stride, to += WIDE) {
        STORE(to, left < WIDE ? LOAD_SOME(from, first) : LOAD(from));
        STORE(to + LANES, left < WIDE ? LOAD_SOME(from + LANES, second) : LOAD(from + LANES));
    }
}
