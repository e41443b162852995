/* The loops over tiles, for one kind of register. Before it is included:
 *
 *   ISA               the functions' target attribute
 *   VECTOR, LANES     a register of floats and how many
 *   MASK, MASK_OF(n)  chooses the first n lanes, 0 to LANES
 *   ZERO, LOAD(p), STORE(p, v), LOAD_SOME(p, mask), STORE_SOME(p, mask, v)
 *   BROADCAST(p), FUSED(a, b, c), ADD(a, b)
 *   UNROLLED          whether four k at a time are quicker, where registers allow
 *   HIGH, LOW         rows of a tall and of a low tile; a tile is one or two vectors wide
 *   MULTIPLY          the name of the function to define
 */
#define INLINE ISA static inline __attribute__((always_inline))

/* Of the inlined functions below, `rows`, `vectors` and `whole` are constants where they are
 * called. `mask` is the last vector's, where it is not whole. */

/* One k: each row's sum += its factor at a[r][at] * b's row. */
INLINE void step(VECTOR (*sum)[2], const float *const *a, size_t at, const float *row, int rows,
                 int vectors, bool whole, MASK mask)
{
    VECTOR first = whole || vectors == 2 ? LOAD(row) : LOAD_SOME(row, mask), second = ZERO;
    if (vectors == 2)
        second = whole ? LOAD(row + LANES) : LOAD_SOME(row + LANES, mask);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        VECTOR factor = BROADCAST(a[r] + at);
        sum[r][0] = FUSED(factor, first, sum[r][0]);
        if (vectors == 2)
            sum[r][1] = FUSED(factor, second, sum[r][1]);
    }
}

/* All k, in order; four at a time where a's rows are contiguous, to spare its pointers' steps. */
INLINE void run(VECTOR (*sum)[2], const struct product *p, const float *const *a, const float *b,
                int rows, int vectors, bool whole, MASK mask)
{
    const uint32_t *offset = p->offsets, *end = offset + p->k;
    size_t at = 0, a_k = p->a_k;
    if (UNROLLED && a_k == 1 && whole)
        for (; end - offset >= 4; offset += 4, at += 4) {
            step(sum, a, at, b + offset[0], rows, vectors, whole, mask);
            step(sum, a, at + 1, b + offset[1], rows, vectors, whole, mask);
            step(sum, a, at + 2, b + offset[2], rows, vectors, whole, mask);
            step(sum, a, at + 3, b + offset[3], rows, vectors, whole, mask);
        }
    for (; offset < end; at += a_k)
        step(sum, a, at, b + *offset++, rows, vectors, whole, mask);
}

/* c = or += the sums of one row. */
INLINE void store(float *c, const VECTOR *sum, bool add, int vectors, bool whole, MASK mask)
{
#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++, c += LANES) {
        bool all = whole || v < vectors - 1;
        VECTOR value = sum[v];
        if (add)
            value = ADD(all ? LOAD(c) : LOAD_SOME(c, mask), value);
        if (all)
            STORE(c, value);
        else
            STORE_SOME(c, mask, value);
    }
}

/* One tile, at i and j. Rows beyond m read the last row again and are not stored. */
INLINE void tile(const struct product *p, size_t i, size_t j, int rows, int vectors, bool whole)
{
    VECTOR sum[HIGH][2];
    const float *a[HIGH];
    size_t left = p->n - j;
    MASK mask = MASK_OF(whole ? LANES : vectors == 1 ? left : left - LANES);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        a[r] = p->a + (i + (size_t)r < p->m ? i + (size_t)r : p->m - 1) * p->a_row;
        sum[r][0] = sum[r][1] = ZERO;
        __asm__("" : "+r"(a[r])); /* a pointer each, not one and their distances */
    }
    run(sum, p, a, p->b + j, rows, vectors, whole, mask);
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
        if (i + (size_t)r < p->m)
            store(p->c + (i + (size_t)r) * p->c_row + j, sum[r], p->add, vectors, whole, mask);
}

/* The tiles of rows i and on, `rows` high. */
INLINE void row_of_tiles(const struct product *p, size_t i, int rows)
{
    size_t j = 0;
    for (; j + 2 * LANES <= p->n; j += 2 * LANES)
        tile(p, i, j, rows, 2, true);
    if (p->n - j > LANES)
        tile(p, i, j, rows, 2, false);
    else if (p->n - j == LANES)
        tile(p, i, j, rows, 1, true);
    else if (p->n > j)
        tile(p, i, j, rows, 1, false);
}

ISA static void tall_tiles(const struct product *p, size_t i)
{
    row_of_tiles(p, i, HIGH);
}

ISA static void low_tiles(const struct product *p, size_t i)
{
    row_of_tiles(p, i, LOW);
}

/* Low tiles where fewer rows are computed in vain: 8 rows are 4 and 4, not 6 and 6. */
ISA void MULTIPLY(const struct product *p)
{
    for (size_t i = 0; i < p->m;) {
        size_t left = p->m - i;
        if (left <= LOW || (left > HIGH && left <= 2 * LOW)) {
            low_tiles(p, i);
            i += LOW;
        } else {
            tall_tiles(p, i);
            i += HIGH;
        }
    }
}
