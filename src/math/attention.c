/* Causal attention, head by head, in blocks of rows that stop where the causal triangle does: about
 * half of each product is never computed.
 *
 * Queries, keys and values are read where they lie, but for what must be transposed: the keys on
 * the way forward, the values on the way back.
 */
#include "reference.h"
#include "tile.h"

#include "threadrack/base/vectorise.h"
#include "threadrack/math/dropout.h"

#include "exponents.h"
#include "lanes.h"

#include <string.h>

/* One head of one row. Tokens of q, k, v and their gradients are `stride` apart, of y `y_stride`.
 */
struct head {
    size_t tokens, width, stride, y_stride;
    float scale;
    const float *q, *k, *v, *dy;
    float *y, *dq, *dk, *dv;
    const uint32_t *rows, *y_rows, *turned_rows; /* offsets of tokens, and of rows of `turned` */
    float *turned;                               /* (D, T): the keys or values transposed */
    float *ds;                                   /* (T, T), on the way back */
    const uint8_t *kept;                         /* (T, T), as of struct attention; NULL: all */
    float *dropped;
    float factor;
};

size_t math_attention_scratch(const struct attention *shape)
{
    size_t tokens = shape->tokens, width = shape->head_width;
    return 2 * tokens + width + width * tokens + tokens * tokens;
}

/* What all heads share: offsets, and where the scratch's parts begin. */
static struct head head_shape(const struct attention *s, float *scratch)
{
    size_t all = s->heads * s->head_width;
    uint32_t *offsets = (uint32_t *)scratch;
    tile_rows(s->tokens, 3 * all, offsets);
    tile_rows(s->tokens, all, offsets + s->tokens);
    tile_rows(s->head_width, s->tokens, offsets + 2 * s->tokens);
    scratch += 2 * s->tokens + s->head_width;
    return (struct head){.tokens = s->tokens,
                         .width = s->head_width,
                         .stride = 3 * all,
                         .y_stride = all,
                         .scale = 1 / sqrtf((float)s->head_width),
                         .rows = offsets,
                         .y_rows = offsets + s->tokens,
                         .turned_rows = offsets + 2 * s->tokens,
                         .turned = scratch,
                         .ds = scratch + s->head_width * s->tokens,
                         .factor = s->factor};
}

/* Of head n of row r. */
static void place_dropped(struct head *h, const struct attention *s, size_t r, size_t n)
{
    size_t at = (r * s->heads + n) * s->tokens * s->tokens;
    h->kept = s->kept ? s->kept + at : NULL;
    h->dropped = s->kept ? s->dropped + at : NULL;
}

static void turn(const struct head *h, const float *from)
{
    tile_turn(h->tokens, h->width, from, h->stride, h->turned);
}

/* A block of rows t, and how far to the right their causal triangle goes, in whole blocks. */
struct block {
    size_t at, count, limit;
};

static struct block block_at(const struct head *h, size_t at)
{
    size_t left = h->tokens - at, end = at + TILE_BLOCK;
    return (struct block){.at = at,
                          .count = left < TILE_BLOCK ? left : TILE_BLOCK,
                          .limit = end < h->tokens ? end : h->tokens};
}

/* Of the first n scores; the rest of the row becomes 0. */
VECTORISED static void softmax(size_t n, size_t tokens, float scale, float *row)
{
    float factor = 1 / exponents(n, tokens, scale, lanes_most(n, row, row[0]), row);
    for (size_t j = 0, whole = lanes_whole(n, tokens); j < whole; j++)
        row[j] *= factor;
}

static void attend(const struct head *h, float *p)
{
    turn(h, h->k);
    for (size_t at = 0; at < h->tokens; at += TILE_BLOCK) {
        struct block block = block_at(h, at);
        float *rows = p + at * h->tokens;
        tile_product(&(struct product){.m = block.count,
                                       .n = block.limit,
                                       .k = h->width,
                                       .a = h->q + at * h->stride,
                                       .a_row = h->stride,
                                       .a_k = 1,
                                       .b = h->turned,
                                       .offsets = h->turned_rows,
                                       .c = rows,
                                       .c_row = h->tokens});
        for (size_t i = 0; i < block.count; i++)
            softmax(at + i + 1, h->tokens, h->scale, rows + i * h->tokens);
        if (h->kept) {
            math_dropout(block.count * h->tokens, h->kept + at * h->tokens, h->factor, rows,
                         h->dropped + at * h->tokens);
            rows = h->dropped + at * h->tokens;
        }
        tile_product(&(struct product){.m = block.count,
                                       .n = h->width,
                                       .k = block.limit,
                                       .a = rows,
                                       .a_row = h->tokens,
                                       .a_k = 1,
                                       .b = h->v,
                                       .offsets = h->rows,
                                       .c = h->y + at * h->y_stride,
                                       .c_row = h->y_stride});
    }
}

void math_attention(const struct attention *shape, size_t rows, const float *qkv, float *p,
                    float *y, float *scratch)
{
    size_t all = shape->heads * shape->head_width, tokens = shape->tokens;
    if (math_by_plain_loops()) {
        math_attention_reference(shape, rows, qkv, p, y);
        return;
    }
    struct head head = head_shape(shape, scratch);
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < shape->heads; n++) {
            head.q = qkv + r * tokens * 3 * all + n * shape->head_width;
            head.k = head.q + all;
            head.v = head.k + all;
            head.y = y + r * tokens * all + n * shape->head_width;
            place_dropped(&head, shape, r, n);
            attend(&head, p + (r * shape->heads + n) * tokens * tokens);
        }
}

/* In place of dp: ds = scale * p (dp - sum of p dp), and 0 between the diagonal and the limit, where p is. */
VECTORISED static void softmax_backward(size_t n, size_t limit, float scale, const float *p,
                                        float *ds)
{
    size_t whole = lanes_whole(n, limit);
    LANES_SUM(mean, whole, p[j] * ds[j]);
    for (size_t j = 0; j < whole; j++)
        ds[j] = scale * p[j] * (ds[j] - mean);
    memset(ds + whole, 0, (limit - whole) * sizeof *ds);
}

/* ds and dq, a block of queries at a time. */
static void query_gradient(const struct head *h, const float *p)
{
    for (size_t at = 0; at < h->tokens; at += TILE_BLOCK) {
        struct block block = block_at(h, at);
        float *rows = h->ds + at * h->tokens;
        tile_product(&(struct product){.m = block.count,
                                       .n = block.limit,
                                       .k = h->width,
                                       .a = h->dy + at * h->y_stride,
                                       .a_row = h->y_stride,
                                       .a_k = 1,
                                       .b = h->turned,
                                       .offsets = h->turned_rows,
                                       .c = rows,
                                       .c_row = h->tokens});
        for (size_t i = 0; i < block.count && h->kept; i++)
            math_dropout(block.limit, h->kept + (at + i) * h->tokens, h->factor, rows + i * h->tokens,
                         rows + i * h->tokens);
        for (size_t i = 0; i < block.count; i++)
            softmax_backward(at + i + 1, block.limit, h->scale, p + (at + i) * h->tokens,
                             rows + i * h->tokens);
        tile_product(&(struct product){.m = block.count,
                                       .n = h->width,
                                       .k = block.limit,
                                       .a = rows,
                                       .a_row = h->tokens,
                                       .a_k = 1,
                                       .b = h->k,
                                       .offsets = h->rows,
                                       .c = h->dq + at * h->stride,
                                       .c_row = h->stride});
    }
}

/* One block of dk = ds^T q, or dv = p^T dy: only queries from the block on see its keys. */
static void from_later_queries(const struct head *h, size_t at, const float *weights,
                               const float *from, size_t stride, const uint32_t *rows, float *to)
{
    tile_product(&(struct product){.m = block_at(h, at).count,
                                   .n = h->width,
                                   .k = h->tokens - at,
                                   .a = weights + at * h->tokens + at,
                                   .a_row = 1,
                                   .a_k = h->tokens,
                                   .b = from + at * stride,
                                   .offsets = rows,
                                   .c = to + at * h->stride,
                                   .c_row = h->stride});
}

static void attend_backward(const struct head *h, const float *p)
{
    turn(h, h->v);
    query_gradient(h, p);
    for (size_t at = 0; at < h->tokens; at += TILE_BLOCK) {
        from_later_queries(h, at, h->ds, h->q, h->stride, h->rows, h->dk);
        from_later_queries(h, at, h->kept ? h->dropped : p, h->dy, h->y_stride, h->y_rows, h->dv);
    }
}

void math_attention_backward(const struct attention *shape, size_t rows, const float *qkv,
                             const float *p, const float *dy, float *dqkv, float *scratch)
{
    size_t all = shape->heads * shape->head_width, tokens = shape->tokens;
    if (math_by_plain_loops()) {
        math_attention_backward_reference(shape, rows, qkv, p, dy, dqkv);
        return;
    }
    struct head head = head_shape(shape, scratch);
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < shape->heads; n++) {
            size_t at = r * tokens * 3 * all + n * shape->head_width;
            head.q = qkv + at;
            head.k = head.q + all;
            head.v = head.k + all;
            head.dq = dqkv + at;
            head.dk = head.dq + all;
            head.dv = head.dk + all;
            head.dy = dy + r * tokens * all + n * shape->head_width;
            place_dropped(&head, shape, r, n);
            attend_backward(&head, p + (r * shape->heads + n) * tokens * tokens);
        }
}
