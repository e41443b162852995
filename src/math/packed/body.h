/* The blocks of Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008),
 * as in BLIS, for one kind of register: a block of b (DEEP, COLUMNS) is packed into panels of two
 * registers' columns, a block of a (ROWS, DEEP) into panels of LOW to HIGH rows that stay in the second
 * cache, and a tile of C stays in registers while k runs over DEEP. C's rows are shared out evenly over
 * panels, so that no tile computes rows in vain. Before it is included, beside ../isa's macros:
 *
 *   HIGH, LOW                   rows of the tallest and lowest panel; HEIGHTS has HEIGHT(n) for each
 *   copy_some(to, from, count)  LOW to HIGH floats
 *   ASKED                       lines of what will be packed next that are asked for in a line of k
 *   MULTIPLY                    the name of the function to define
 *
 * While a tile is computed, the next panels are asked for, and what the next blocks will be packed
 * from: with that a tile waits for nothing, and packing finds its rows in the cache. With AVX2 on an EPYC
 * with 97 GFLOP/s at best, tiles ran at 89 with and at 82 without.
 *
 * Each element of C is one chain of fused multiply-adds over each piece of k, whatever m and n are.
 */
#include "pack.h"

/* A tile of C, of so many columns, and what to ask for meanwhile. */
struct tile {
    size_t deep, columns, c_stride;
    const float *a, *b, *next_b;
    struct ahead *ahead;
    float *c, alpha, beta;
};

/* Of the inlined functions below, `rows` and `vectors` are constants where they are called. */

/* One k. */
INLINE void step(VECTOR (*sum)[2], const float *a, const float *b, int rows, int vectors)
{
    VECTOR first = LOAD(b), second = vectors == 2 ? LOAD(b + LANES) : first;
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++) {
        VECTOR factor = BROADCAST(a + r);
        sum[r][0] = FUSED(factor, first, sum[r][0]);
        if (vectors == 2)
            sum[r][1] = FUSED(factor, second, sum[r][1]);
    }
}

INLINE void ask(const float *at)
{
    _mm_prefetch((const char *)at, _MM_HINT_T0);
}

/* Eight k use half a line of a's panel for each row and, of b's, which is in the first cache by then, a
 * line or two for each k. Of the next panel of b, eight tiles ask for a part each. */
INLINE void run(VECTOR (*sum)[2], const struct tile *t, int rows, int vectors)
{
    const float *a = t->a, *b = t->b, *next_a = a + (size_t)rows * t->deep, *next_b = t->next_b;
    const float *c = t->c;
    size_t l = 0;
    for (; l + EIGHT <= t->deep; l += EIGHT, next_a += EIGHT * rows, next_b += WIDE) {
        if (l < (size_t)rows * EIGHT) {
            ask(c);
            ask(c + t->columns - 1);
            c += t->c_stride;
        }
#pragma GCC unroll 8
        for (int u = 0; u < EIGHT; u++, a += rows, b += WIDE) {
            if (u * LINE < EIGHT * rows)
                ask(next_a + u * LINE);
            if (u < WIDE / LINE)
                ask(next_b + u * LINE);
            step(sum, a, b, rows, vectors);
            __asm__ volatile("" ::: "memory"); /* no loads of the next k's, or registers would not suffice */
        }
        if (l % LINE == 0)
            for (int i = 0; i < ASKED; i++)
                ask_ahead(t->ahead);
    }
    for (; l < t->deep; l++, a += rows, b += WIDE)
        step(sum, a, b, rows, vectors);
}

INLINE void store(float *c, VECTOR value, float beta, bool whole, MASK mask)
{
    if (beta != 0)
        value = FUSED(BROADCAST(&beta), whole ? LOAD(c) : LOAD_SOME(c, mask), value);
    if (whole)
        STORE(c, value);
    else
        STORE_SOME(c, mask, value);
}

/* `sum` must be seen nowhere else, or it would not stay in registers. */
INLINE void multiply(const struct tile *t, int rows, int vectors)
{
    VECTOR sum[HIGH][2];
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++)
        sum[r][0] = sum[r][1] = ZERO;
    run(sum, t, rows, vectors);
    VECTOR alpha = BROADCAST(&t->alpha);
    size_t left = t->columns - (size_t)(vectors - 1) * LANES;
    MASK mask = MASK_OF(left);
    float *c = t->c;
#pragma GCC unroll 14
    for (int r = 0; r < rows; r++, c += t->c_stride) {
        if (vectors == 2)
            store(c, MULTIPLIED(alpha, sum[r][0]), t->beta, true, mask);
        store(c + (vectors - 1) * LANES, MULTIPLIED(alpha, sum[r][vectors - 1]), t->beta, left == LANES, mask);
    }
}

#define HEIGHT(n)                                                                                            \
    ISA static void multiply_##n(const struct tile *t)                                                       \
    {                                                                                                        \
        if (t->columns > LANES)                                                                              \
            multiply(t, n, 2);                                                                               \
        else                                                                                                 \
            multiply(t, n, 1);                                                                               \
    }
HEIGHTS
#undef HEIGHT

/* By a panel's rows beyond LOW. */
#define HEIGHT(n) multiply_##n,
static void (*const multiply_of[])(const struct tile *t) = {HEIGHTS};
#undef HEIGHT

/* A panel of b by all panels of a. */
static void multiply_panel(const struct panels *panels, const struct block *block, struct tile *t, size_t asks)
{
    for (size_t i = block->first; i < block->last; i++, t->next_b += asks) {
        size_t high = panel_high(panels, i);
        multiply_of[high - LOW](t);
        t->a += high * t->deep;
        t->c += high * t->c_stride;
    }
}

/* The next rows of a, or, behind the last, the first of the next k. */
static struct ahead ahead_rows(const struct large_product *p, const struct block *block)
{
    size_t row = block->row + block->rows, k = block->k;
    if (row >= p->m) {
        row = 0;
        k += block->deep;
    }
    return k < p->k ? ahead_of(&p->a, row, k, least(p->m - row, block->rows), least(p->k - k, block->deep))
                    : (struct ahead){0};
}

/* The next panel of b, or, behind the last, what `then` is. */
static struct ahead ahead_columns(const struct operand *columns, const struct block *block, size_t j,
                                  struct ahead then)
{
    return j < block->columns
               ? ahead_of(columns, block->column + j, block->k, least(block->columns - j, WIDE), block->deep)
               : then;
}

/* All tiles of some rows of a, which are packed; the first rows' pack each panel of b before they use it.
 * Where no others follow, one panel's room is enough, and stays in the first cache. */
static void multiply_block(const struct large_product *p, const struct panels *panels,
                           const struct block *block, const struct operand *columns, const struct room *room)
{
    bool first = block->first == 0, only = first && block->last == panels->count;
    struct ahead rows = ahead_rows(p, block);
    struct tile t = {.deep = block->deep,
                     .c_stride = p->c_stride,
                     .alpha = p->alpha,
                     .beta = block->k ? 1 : p->beta};
    for (size_t j = 0; j < block->columns; j += WIDE) {
        float *b = room->b + (only ? 0 : j * t.deep);
        struct ahead next = ahead_columns(columns, block, j + WIDE, rows);
        if (first)
            pack_columns(columns, block, j, b);
        t.a = room->a;
        t.b = b;
        t.columns = least(block->columns - j, WIDE);
        t.next_b = first ? b : b + WIDE * t.deep;
        t.c = p->c + block->row * p->c_stride + block->column + j;
        t.ahead = first ? &next : &rows;
        multiply_panel(panels, block, &t, first ? 0 : WIDE / EIGHT * t.deep);
    }
}

/* A block of b by all of a, `some` panels of rows at a time. */
static void multiply_rows(const struct large_product *p, const struct panels *panels, size_t some,
                          struct block *block, const struct operand *columns, const struct room *room)
{
    for (block->first = 0; block->first < panels->count; block->first = block->last) {
        block->last = least(block->first + some, panels->count);
        block->row = panel_row(panels, block->first);
        block->rows = panel_row(panels, block->last) - block->row;
        pack_rows(&p->a, panels, block, room->a);
        multiply_block(p, panels, block, columns, room);
    }
}

/* All columns are one block where all rows are: no panel of b is needed twice. */
void MULTIPLY(const struct large_product *p, const struct room *room)
{
    struct operand columns = {p->b.at, p->b.stride, !p->b.turned}; /* of b^T, whose rows they are */
    struct panels panels = panels_of(p->m);
    size_t some = even_piece(panels.count, ROWS / HIGH, 1), deep = even_piece(p->k, DEEP, LINE);
    size_t wide = some == panels.count ? p->n : even_piece(p->n, COLUMNS, WIDE);
    struct block block = {0};
    for (block.column = 0; block.column < p->n; block.column += wide)
        for (block.k = 0; block.k < p->k; block.k += deep) {
            block.columns = least(p->n - block.column, wide);
            block.deep = least(p->k - block.k, deep);
            multiply_rows(p, &panels, some, &block, &columns, room);
        }
}
