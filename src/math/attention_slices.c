/* Attention of a slice of a sequence to another, head by head: runs of queries against runs of keys, in
 * blocks of queries whose scores stay in the cache. On the way back scores are made again from what is
 * kept of each query. */
#include "reference.h"
#include "tile.h"

#include "threadrack/base/vectorise.h"
#include "threadrack/math/dropout.h"

#include "exponents.h"
#include "functions.h"
#include "lanes.h"

#include <string.h>

/* Of a run with itself, a query sees the keys up to its own; of one before it, all. */
static bool sees(struct share queries, struct share keys)
{
    return keys.begin <= queries.begin;
}

size_t math_attention_pairs(const struct attention_slices *shape)
{
    size_t pairs = 0;
    for (int q = 0; q < shape->queries.count; q++)
        for (int k = 0; k < shape->keys.count; k++)
            if (sees(shape->queries.runs[q], shape->keys.runs[k]))
                pairs += shape->queries.runs[q].count * shape->keys.runs[k].count;
    return pairs;
}

/* Offsets of keys, of `turned`'s rows and of a block's queries; then two arrays of rows that are turned,
 * a block's probabilities and their gradients, and a byte a key for what stays of a query's. */
size_t math_attention_slices_scratch(const struct attention_slices *shape)
{
    size_t keys = shape->keys.runs[0].count;
    return keys + shape->head_width + 2 * TILE_BLOCK + 2 * keys * shape->head_width +
           2 * TILE_BLOCK * keys + (shape->drops ? (keys + sizeof(float) - 1) / sizeof(float) : 0);
}

/* One head of one row: a run of queries against a run of keys. Tokens of q are `q_stride` apart, those of
 * k and v and their gradients `k_stride`, those of y `y_stride`. */
struct head {
    size_t width, queries, keys, q_stride, k_stride, y_stride;
    bool diagonal; /* the runs are the same */
    float scale;
    const float *q, *k, *v, *dy, *delta;
    float *y, *most, *sum, *dq, *dk, *dv;
    const uint32_t *k_rows, *turned_rows, *q_rows, *y_rows; /* offsets, as in a product */
    float *turned, *turned_v; /* (D, keys) */
    float *p, *ds;            /* (TILE_BLOCK, keys) */
    const struct attention_drops *drops;
    uint64_t pair; /* of the first query and the first key */
    uint8_t *kept; /* (keys) */
};

static struct head head_shape(const struct attention_slices *s, float *scratch)
{
    size_t all = s->heads * s->head_width, keys = s->keys.runs[0].count;
    uint32_t *offsets = (uint32_t *)scratch;
    struct head h = {.width = s->head_width,
                     .q_stride = 3 * all,
                     .k_stride = 2 * all,
                     .y_stride = all,
                     .scale = 1 / sqrtf((float)s->head_width),
                     .k_rows = offsets,
                     .turned_rows = offsets + keys,
                     .q_rows = offsets + keys + s->head_width,
                     .y_rows = offsets + keys + s->head_width + TILE_BLOCK};
    tile_rows(keys, h.k_stride, offsets);
    tile_rows(s->head_width, keys, offsets + keys);
    tile_rows(TILE_BLOCK, h.q_stride, offsets + keys + s->head_width);
    tile_rows(TILE_BLOCK, h.y_stride, offsets + keys + s->head_width + TILE_BLOCK);
    h.turned = scratch + keys + s->head_width + 2 * TILE_BLOCK;
    h.turned_v = h.turned + keys * s->head_width;
    h.p = h.turned_v + keys * s->head_width;
    h.ds = h.p + TILE_BLOCK * keys;
    h.drops = s->drops;
    h.kept = (uint8_t *)(h.ds + TILE_BLOCK * keys);
    return h;
}

/* What a pass over rows, heads and runs goes by. */
struct operands {
    const struct attention_slices *shape;
    const float *qkv, *kv, *dy, *delta;
    float *y, *most, *sum, *dqkv, *dkv;
};

static float *at(const float *base, size_t n)
{
    return base ? (float *)base + n : NULL;
}

/* Head n of row r, run i of the queries and run j of the keys. */
static void take_runs(struct head *h, const struct operands *o, size_t r, size_t n, int i, int j)
{
    const struct attention_slices *s = o->shape;
    size_t queries = slice_positions(&s->queries), keys = slice_positions(&s->keys);
    size_t token = r * queries + (size_t)i * s->queries.runs[0].count, key = r * keys + (size_t)j * s->keys.runs[0].count;
    size_t all = s->heads * s->head_width, of_head = n * s->head_width;
    size_t kept = (r * s->heads + n) * queries + (size_t)i * s->queries.runs[0].count;
    h->queries = s->queries.runs[i].count;
    h->keys = s->keys.runs[j].count;
    h->diagonal = s->queries.runs[i].begin == s->keys.runs[j].begin;
    h->q = o->qkv + token * 3 * all + of_head;
    h->k = o->kv + key * 2 * all + of_head;
    h->v = h->k + all;
    h->y = at(o->y, token * all + of_head);
    h->most = o->most + kept;
    h->sum = o->sum + kept;
    h->delta = at(o->delta, kept);
    h->dy = at(o->dy, token * all + of_head);
    h->dq = at(o->dqkv, token * 3 * all + of_head);
    h->dk = at(o->dkv, key * 2 * all + of_head);
    h->dv = at(h->dk, all);
    if (h->drops)
        h->pair = (((h->drops->row + r) * h->drops->heads + h->drops->head + n) * h->drops->tokens +
                   s->queries.runs[i].begin) * h->drops->tokens + s->keys.runs[j].begin;
}

static void each_pair_of_runs(const struct operands *o, size_t rows, float *scratch,
                              void (*visit)(struct head *h))
{
    const struct attention_slices *s = o->shape;
    struct head head = head_shape(s, scratch);
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < s->heads; n++)
            for (int i = 0; i < s->queries.count; i++)
                for (int j = 0; j < s->keys.count; j++)
                    if (sees(s->queries.runs[i], s->keys.runs[j])) {
                        take_runs(&head, o, r, n, i, j);
                        visit(&head);
                    }
}

static void turn(const struct head *h, const float *from, float *turned)
{
    tile_turn(h->keys, h->width, from, h->k_stride, turned);
}

/* A block of queries, and so many keys that any of them sees. */
struct block {
    size_t at, count, limit;
};

static struct block block_at(const struct head *h, size_t at)
{
    size_t left = h->queries - at, count = left < TILE_BLOCK ? left : TILE_BLOCK;
    return (struct block){at, count, h->diagonal ? at + count : h->keys};
}

static size_t seen(const struct head *h, size_t query)
{
    return h->diagonal ? query + 1 : h->keys;
}

/* Into `to` (block, keys): rows of `from` times what is turned. */
static void products(const struct head *h, struct block block, const float *from, size_t stride,
                     const float *turned, float *to)
{
    tile_product(&(struct product){.m = block.count,
                                   .n = block.limit,
                                   .k = h->width,
                                   .a = from + block.at * stride,
                                   .a_row = stride,
                                   .a_k = 1,
                                   .b = turned,
                                   .offsets = h->turned_rows,
                                   .c = to,
                                   .c_row = h->keys});
}

/* `to` (block, D) += weights (block, keys) times the keys' or values' rows. */
static void add_rows(const struct head *h, struct block block, const float *weights,
                     const float *from, float *to, size_t stride)
{
    tile_product(&(struct product){.m = block.count,
                                   .n = h->width,
                                   .k = block.limit,
                                   .a = weights,
                                   .a_row = h->keys,
                                   .a_k = 1,
                                   .b = from,
                                   .offsets = h->k_rows,
                                   .c = to + block.at * stride,
                                   .c_row = stride,
                                   .add = true});
}

/* `to` (keys, D) += weights^T times the block's rows of `from`. */
static void add_turned(const struct head *h, struct block block, const float *weights,
                       const float *from, size_t stride, const uint32_t *rows, float *to)
{
    tile_product(&(struct product){.m = block.limit,
                                   .n = h->width,
                                   .k = block.count,
                                   .a = weights,
                                   .a_row = 1,
                                   .a_k = h->keys,
                                   .b = from + block.at * stride,
                                   .offsets = rows,
                                   .c = to,
                                   .c_row = h->k_stride,
                                   .add = true});
}

/* The first n scores of a query become exponents, the rest up to the limit 0; what was summed before
 * shrinks by what the largest has grown. */
VECTORISED static void merge(const struct head *h, size_t query, size_t n, size_t limit, float *row)
{
    float most = lanes_most(n, row, h->most[query]);
    float shrink = function_exp(h->scale * (h->most[query] - most));
    float *y = h->y + query * h->y_stride;
    float sum = exponents(n, limit, h->scale, most, row);
    for (size_t d = 0; d < h->width; d++)
        y[d] *= shrink;
    h->sum[query] = h->sum[query] * shrink + sum;
    h->most[query] = most;
}

/* Of the first n keys that a query sees. */
static void draw_kept(const struct head *h, size_t query, size_t n)
{
    if (h->drops)
        math_dropout_draw(h->drops->draw, h->drops->rate, h->pair + query * h->drops->tokens, n, h->kept);
}

/* Where the query's row is drawn. */
static void drop(const struct head *h, size_t n, float *row)
{
    if (h->drops)
        math_dropout(n, h->kept, h->drops->factor, row, row);
}

/* The sum is of what was there before it was dropped. */
static void merge_and_drop(const struct head *h, size_t query, size_t limit, float *row)
{
    size_t n = seen(h, query);
    merge(h, query, n, limit, row);
    draw_kept(h, query, n);
    drop(h, n, row);
}

static void attend(struct head *h)
{
    turn(h, h->k, h->turned);
    for (size_t at_query = 0; at_query < h->queries; at_query += TILE_BLOCK) {
        struct block block = block_at(h, at_query);
        products(h, block, h->q, h->q_stride, h->turned, h->p);
        for (size_t i = 0; i < block.count; i++)
            merge_and_drop(h, at_query + i, block.limit, h->p + i * h->keys);
        add_rows(h, block, h->p, h->v, h->y, h->y_stride);
    }
}

static void begin(const struct attention_slices *s, size_t rows, float *y, float *most, float *sum)
{
    size_t tokens = rows * slice_positions(&s->queries);
    memset(y, 0, tokens * s->heads * s->head_width * sizeof *y);
    memset(sum, 0, tokens * s->heads * sizeof *sum);
    for (size_t i = 0; i < tokens * s->heads; i++)
        most[i] = -INFINITY;
}

void math_attention_slices(const struct attention_slices *shape, size_t rows, const float *qkv,
                           const float *kv, bool first, float *y, float *most, float *sum,
                           float *scratch)
{
    struct operands operands = {
        .shape = shape, .qkv = qkv, .kv = kv, .y = y, .most = most, .sum = sum};
    if (first)
        begin(shape, rows, y, most, sum);
    if (math_by_plain_loops())
        math_attention_slices_reference(shape, rows, qkv, kv, y, most, sum);
    else
        each_pair_of_runs(&operands, rows, scratch, attend);
}

/* Of head n of token t of row r: where its y begins, and what is kept of it. */
struct token {
    size_t y, kept;
};

static struct token token_of(const struct attention_slices *s, size_t r, size_t n, size_t t)
{
    size_t tokens = slice_positions(&s->queries);
    return (struct token){((r * tokens + t) * s->heads + n) * s->head_width,
                          (r * s->heads + n) * tokens + t};
}

void math_attention_divide(const struct attention_slices *s, size_t rows, const float *sum, float *y)
{
    size_t tokens = slice_positions(&s->queries);
    for (size_t r = 0; r < rows; r++)
        for (size_t t = 0; t < tokens; t++)
            for (size_t n = 0; n < s->heads; n++) {
                struct token token = token_of(s, r, n, t);
                math_scale(s->head_width, y + token.y, 1 / sum[token.kept]);
            }
}

VECTORISED static float dot(size_t n, const float *a, const float *b)
{
    LANES_SUM(sum, n, a[j] * b[j]);
    return sum;
}

void math_attention_delta(const struct attention_slices *s, size_t rows, const float *y,
                          const float *dy, float *delta)
{
    size_t tokens = slice_positions(&s->queries);
    for (size_t r = 0; r < rows; r++)
        for (size_t t = 0; t < tokens; t++)
            for (size_t n = 0; n < s->heads; n++) {
                struct token token = token_of(s, r, n, t);
                delta[token.kept] = dot(s->head_width, y + token.y, dy + token.y);
            }
}

/* Of a query: p from its scores, and, in place of dp, ds = scale p (dp - delta); 0 beyond what it sees. */
VECTORISED static void weigh(const struct head *h, size_t query, size_t limit, float *p, float *ds)
{
    size_t n = seen(h, query);
    float most = h->most[query], factor = 1 / h->sum[query], delta = h->delta[query];
    for (size_t j = 0; j < n; j++) {
        p[j] = factor * function_exp(h->scale * (p[j] - most));
        ds[j] = h->scale * p[j] * (ds[j] - delta);
    }
    memset(p + n, 0, (limit - n) * sizeof *p);
    memset(ds + n, 0, (limit - n) * sizeof *ds);
}

/* delta is of what was dropped, and so the same: the sum of y dy. */
static void drop_and_weigh(const struct head *h, size_t query, size_t limit, float *p, float *ds)
{
    size_t n = seen(h, query);
    draw_kept(h, query, n);
    drop(h, n, ds);
    weigh(h, query, limit, p, ds);
    drop(h, n, p);
}

static void attend_backward(struct head *h)
{
    turn(h, h->k, h->turned);
    turn(h, h->v, h->turned_v);
    for (size_t at_query = 0; at_query < h->queries; at_query += TILE_BLOCK) {
        struct block block = block_at(h, at_query);
        products(h, block, h->q, h->q_stride, h->turned, h->p);
        products(h, block, h->dy, h->y_stride, h->turned_v, h->ds);
        for (size_t i = 0; i < block.count; i++)
            drop_and_weigh(h, at_query + i, block.limit, h->p + i * h->keys, h->ds + i * h->keys);
        add_rows(h, block, h->ds, h->k, h->dq, h->q_stride);
        add_turned(h, block, h->ds, h->q, h->q_stride, h->q_rows, h->dk);
        add_turned(h, block, h->p, h->dy, h->y_stride, h->y_rows, h->dv);
    }
}

/* Of each token as many floats as all heads have, `stride` apart. */
static void clear(size_t tokens, size_t all, size_t stride, float *to)
{
    for (size_t t = 0; t < tokens; t++)
        memset(to + t * stride, 0, all * sizeof *to);
}

void math_attention_slices_backward(const struct attention_slices *shape, size_t rows,
                                    const float *qkv, const float *kv, const float *most,
                                    const float *sum, const float *delta, const float *dy, bool first,
                                    float *dqkv, float *dkv, float *scratch)
{
    size_t all = shape->heads * shape->head_width;
    struct operands operands = {.shape = shape, .qkv = qkv, .kv = kv, .dy = dy, .delta = delta,
                                .most = (float *)most, .sum = (float *)sum, .dqkv = dqkv, .dkv = dkv};
    if (first)
        clear(rows * slice_positions(&shape->queries), all, 3 * all, dqkv);
    clear(rows * slice_positions(&shape->keys), 2 * all, 2 * all, dkv);
    if (math_by_plain_loops())
        math_attention_slices_backward_reference(shape, rows, qkv, kv, most, sum, delta, dy, dqkv,
                                                 dkv);
    else
        each_pair_of_runs(&operands, rows, scratch, attend_backward);
}
