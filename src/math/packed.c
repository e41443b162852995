/* The blocks of Goto and van de Geijn (Anatomy of high-performance matrix multiplication, 2008),
 * as in BLIS: a block of b (DEEP, COLUMNS) is packed into panels of 16 columns, a block of a
 * (ROWS, DEEP) into panels of 6 rows that stay in the second cache, and a tile of 6 x 16 of C
 * stays in registers while k runs over DEEP.
 *
 * While a tile is computed, the next panels are asked for, and what the next blocks will be packed
 * from: with that a tile waits for nothing, and packing finds its rows in the cache. On an EPYC
 * with 97 GFLOP/s at best, tiles ran at 89 with and at 82 without.
 *
 * Each element of C is one chain of fused multiply-adds over every DEEP of k, whatever m and n are.
 */
#include "packed.h"

#include "threadrack/base/memory.h"

#include "tile.h"

#include <pthread.h>
#include <string.h>

enum { HIGH = 6, WIDE = 16, DEEP = 256, ROWS = 192, COLUMNS = 512 };
enum { LANES = 8, SLACK = LANES, LINE = 16 };

bool packed_takes(size_t m, size_t n, size_t k)
{
    return tile_is_avx2() && m >= 64 && n >= 64 && k >= 64 && m * n * k >= (size_t)1 << 25;
}

/* Rooms for packed blocks, as many as there were ever products at a time. */
struct room {
    struct room *next;
    float *a, *b;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct room *idle;

enum { A_FLOATS = ROWS * DEEP + SLACK, B_FLOATS = COLUMNS * DEEP + SLACK };

size_t packed_room_bytes(void)
{
    return tile_is_avx2() ? (A_FLOATS + B_FLOATS) * sizeof(float) : 0;
}

static struct room *room_take(void)
{
    pthread_mutex_lock(&lock);
    struct room *room = idle;
    if (room)
        idle = room->next;
    pthread_mutex_unlock(&lock);
    if (room)
        return room;
    room = memory_zeroed(1, sizeof *room);
    room->a = memory_lines(NULL, 0, A_FLOATS * sizeof(float));
    room->b = memory_lines(NULL, 0, B_FLOATS * sizeof(float));
    return room;
}

static void room_give(struct room *room)
{
    pthread_mutex_lock(&lock);
    room->next = idle;
    idle = room;
    pthread_mutex_unlock(&lock);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

#ifdef __x86_64__
#include <immintrin.h>
#define ISA    __attribute__((target("avx2,fma")))
#define INLINE ISA static inline __attribute__((always_inline))

/* Of rows of memory that will be packed soon: a stretch of DEEP floats at a time. */
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

static const float *ahead_next(struct ahead *ahead)
{
    if (!ahead->rows)
        return ahead->at;
    const float *next = ahead->at + ahead->column;
    ahead->column += DEEP;
    if (ahead->column >= ahead->width) {
        ahead->column = 0;
        ahead->at += ahead->stride;
        ahead->rows--;
    }
    return next;
}

/* Panels are (deep, high): `high` rows or columns of an operand, one k after another, zeros beyond
 * the last. Here those of one k lie side by side in memory. */
INLINE void pack_across(const float *from, size_t stride, size_t count, size_t deep, float *to,
                        size_t high)
{
    for (size_t l = 0; l < deep; l++, from += stride, to += high) {
        size_t i = 0;
        for (; i + high <= count; i += high)
            memcpy(to + i * deep, from + i, high * sizeof *to);
        for (size_t r = 0; i < count && r < high; r++)
            to[i * deep + r] = i + r < count ? from[i + r] : 0;
    }
}

/* Eight k of eight rows, of which those beyond `rows` are zeros, to eight stretches `high` apart.
 * Six-high stretches overlap and are written in order. */
INLINE void turn(const float *from, size_t stride, int rows, float *to, size_t high)
{
    __m256 x[8], y[8];
#pragma GCC unroll 8
    for (int r = 0; r < 8; r++)
        x[r] = r < rows ? _mm256_loadu_ps(from + (size_t)r * stride) : _mm256_setzero_ps();
#pragma GCC unroll 4
    for (int r = 0; r < 8; r += 2) {
        y[r] = _mm256_unpacklo_ps(x[r], x[r + 1]);
        y[r + 1] = _mm256_unpackhi_ps(x[r], x[r + 1]);
    }
#pragma GCC unroll 2
    for (int r = 0; r < 8; r += 4) {
        x[r] = _mm256_shuffle_ps(y[r], y[r + 2], 0x44);
        x[r + 1] = _mm256_shuffle_ps(y[r], y[r + 2], 0xee);
        x[r + 2] = _mm256_shuffle_ps(y[r + 1], y[r + 3], 0x44);
        x[r + 3] = _mm256_shuffle_ps(y[r + 1], y[r + 3], 0xee);
    }
#pragma GCC unroll 4
    for (size_t l = 0; l < 4; l++)
        _mm256_storeu_ps(to + l * high, _mm256_permute2f128_ps(x[l], x[l + 4], 0x20));
#pragma GCC unroll 4
    for (size_t l = 0; l < 4; l++)
        _mm256_storeu_ps(to + (l + 4) * high, _mm256_permute2f128_ps(x[l], x[l + 4], 0x31));
}

/* A panel whose rows or columns each lie side by side in memory, `stride` apart. */
INLINE void pack_along(const float *from, size_t stride, size_t count, size_t deep, float *to,
                       size_t high)
{
    size_t l = 0;
    for (; count >= high && l + LANES <= deep; l += LANES)
#pragma GCC unroll 2
        for (size_t r = 0; r < high; r += LANES)
            turn(from + r * stride + l, stride, high - r < LANES ? (int)(high - r) : LANES,
                 to + l * high + r, high);
    for (; l < deep; l++)
        for (size_t r = 0; r < high; r++)
            to[l * high + r] = r < count ? from[r * stride + l] : 0;
}

INLINE void pack(const struct operand *x, size_t outer, size_t k, size_t count, size_t deep,
                 float *to, size_t high)
{
    if (x->turned) {
        pack_across(x->at + k * x->stride + outer, x->stride, count, deep, to, high);
        return;
    }
    for (size_t i = 0; i < count; i += high)
        pack_along(x->at + (outer + i) * x->stride + k, x->stride, least(count - i, high), deep,
                   to + i * deep, high);
}

ISA static void pack_rows(const struct operand *a, size_t i, size_t k, size_t count, size_t deep,
                          float *to)
{
    pack(a, i, k, count, deep, to, HIGH);
}

ISA static void pack_columns(const struct operand *b, size_t j, size_t k, size_t count, size_t deep,
                             float *to)
{
    pack(b, j, k, count, deep, to, WIDE);
}

/* A tile of C, `rows` x `columns` of it wanted, and what to ask for meanwhile: LINE floats each
 * LINE or LANES of k. */
struct tile {
    size_t deep, rows, columns, c_stride;
    const float *a, *b, *next_b, *ahead;
    float *c, alpha, beta;
};

/* One k. */
INLINE void step(__m256 (*sum)[2], const float *a, const float *b)
{
    __m256 first = _mm256_loadu_ps(b), second = _mm256_loadu_ps(b + LANES);
#pragma GCC unroll 6
    for (int r = 0; r < HIGH; r++) {
        __m256 factor = _mm256_broadcast_ss(a + r);
        sum[r][0] = _mm256_fmadd_ps(factor, first, sum[r][0]);
        sum[r][1] = _mm256_fmadd_ps(factor, second, sum[r][1]);
    }
}

INLINE void ask(const float *at)
{
    _mm_prefetch((const char *)at, _MM_HINT_T0);
}

/* Eight k use three lines of a's panel and eight of b's, which is in the first cache by then. */
INLINE void run(__m256 (*sum)[2], const struct tile *t)
{
    const float *a = t->a, *b = t->b, *next_a = a + HIGH * t->deep, *next_b = t->next_b;
    size_t l = 0;
    for (; l + 8 <= t->deep; l += 8, a += 8 * HIGH, b += 8 * WIDE, next_a += 3 * LINE) {
        ask(next_a);
        step(sum, a, b);
        step(sum, a + HIGH, b + WIDE);
        ask(next_a + LINE);
        step(sum, a + 2 * HIGH, b + 2 * WIDE);
        step(sum, a + 3 * HIGH, b + 3 * WIDE);
        ask(next_a + 2 * LINE);
        step(sum, a + 4 * HIGH, b + 4 * WIDE);
        step(sum, a + 5 * HIGH, b + 5 * WIDE);
        ask(next_b + 2 * l);
        if (l % LINE == 0)
            _mm_prefetch((const char *)(t->ahead + l), _MM_HINT_T1);
        step(sum, a + 6 * HIGH, b + 6 * WIDE);
        step(sum, a + 7 * HIGH, b + 7 * WIDE);
    }
    for (; l < t->deep; l++, a += HIGH, b += WIDE)
        step(sum, a, b);
}

INLINE void store(float *c, __m256 sum, float alpha, float beta)
{
    __m256 value = _mm256_mul_ps(_mm256_set1_ps(alpha), sum);
    if (beta != 0)
        value = _mm256_fmadd_ps(_mm256_set1_ps(beta), _mm256_loadu_ps(c), value);
    _mm256_storeu_ps(c, value);
}

/* Of a tile at C's edge; as store does, so that an element's arithmetic is the same there. */
ISA static void store_some(const struct tile *t, float (*sums)[WIDE])
{
    for (size_t r = 0; r < t->rows; r++)
        for (size_t j = 0; j < t->columns; j++) {
            float *c = t->c + r * t->c_stride + j, value = t->alpha * sums[r][j];
            *c = t->beta != 0 ? __builtin_fmaf(t->beta, *c, value) : value;
        }
}

/* `sum` must be seen nowhere else, or it would not stay in registers. */
ISA static void multiply(const struct tile *t)
{
    __m256 sum[HIGH][2];
    float *c = t->c, edge[HIGH][WIDE];
    for (size_t r = 0; r < t->rows; r++) {
        ask(c + r * t->c_stride);
        ask(c + r * t->c_stride + t->columns - 1);
    }
#pragma GCC unroll 6
    for (int r = 0; r < HIGH; r++)
        sum[r][0] = sum[r][1] = _mm256_setzero_ps();
    run(sum, t);
    if (t->rows < HIGH || t->columns < WIDE) {
#pragma GCC unroll 6
        for (int r = 0; r < HIGH; r++) {
            _mm256_storeu_ps(edge[r], sum[r][0]);
            _mm256_storeu_ps(edge[r] + LANES, sum[r][1]);
        }
        store_some(t, edge);
        return;
    }
#pragma GCC unroll 6
    for (int r = 0; r < HIGH; r++, c += t->c_stride) {
        store(c, sum[r][0], t->alpha, t->beta);
        store(c + LANES, sum[r][1], t->alpha, t->beta);
    }
}

/* Where a block is: rows i, columns j, and k. */
struct block {
    size_t i, j, k, rows, columns, deep;
};

/* All tiles of a block, from what is packed. A panel of b serves all panels of a before the next,
 * which the first of them ask for, 2 DEEP floats each. */
static void multiply_block(const struct large_product *p, const struct block *block,
                           const struct room *room, struct ahead *ahead)
{
    struct tile t = {.deep = block->deep,
                     .c_stride = p->c_stride,
                     .alpha = p->alpha,
                     .beta = block->k ? 1 : p->beta};
    for (size_t j = 0; j < block->columns; j += WIDE) {
        t.b = room->b + j * t.deep;
        t.columns = least(block->columns - j, WIDE);
        t.next_b = t.b + WIDE * t.deep;
        for (size_t i = 0; i < block->rows; i += HIGH, t.next_b += 2 * t.deep) {
            t.a = room->a + i * t.deep;
            t.rows = least(block->rows - i, HIGH);
            t.c = p->c + (block->i + i) * p->c_stride + block->j + j;
            t.ahead = ahead_next(ahead);
            multiply(&t);
        }
    }
}

/* What is packed next: the next rows of a, or, behind the last, the next block of b. */
static struct ahead ahead_from(const struct large_product *p, const struct operand *columns,
                               const struct block *block)
{
    size_t i = block->i + block->rows, k = block->k + block->deep, j = block->j;
    if (i < p->m)
        return ahead_of(&p->a, i, block->k, least(p->m - i, ROWS), block->deep);
    if (k >= p->k) {
        k = 0;
        j += block->columns;
    }
    return ahead_of(columns, j, k, j < p->n ? least(p->n - j, COLUMNS) : 0,
                    j < p->n ? least(p->k - k, DEEP) : 0);
}

void packed_product(const struct large_product *p)
{
    struct room *room = room_take();
    struct operand columns = {p->b.at, p->b.stride, !p->b.turned}; /* of b^T, whose rows they are */
    struct block block = {0};
    for (block.j = 0; block.j < p->n; block.j += COLUMNS)
        for (block.k = 0; block.k < p->k; block.k += DEEP) {
            block.columns = least(p->n - block.j, COLUMNS);
            block.deep = least(p->k - block.k, DEEP);
            pack_columns(&columns, block.j, block.k, block.columns, block.deep, room->b);
            for (block.i = 0; block.i < p->m; block.i += ROWS) {
                block.rows = least(p->m - block.i, ROWS);
                pack_rows(&p->a, block.i, block.k, block.rows, block.deep, room->a);
                struct ahead ahead = ahead_from(p, &columns, &block);
                multiply_block(p, &block, room, &ahead);
            }
        }
    room_give(room);
}
#else
void packed_product(const struct large_product *product)
{
    (void)product;
}
#endif
