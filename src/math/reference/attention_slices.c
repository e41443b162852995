/* Attention of a slice of a sequence to another by plain loops: a key at a time. */
#include "real.h"

#include "threadrack/math/dropout.h"

/* A query and a key that it sees, of head n of row r. */
struct meeting {
    size_t q, k;    /* where their vectors begin, in qkv and kv */
    size_t y, kept; /* the query's in y, and in what is kept of it */
    size_t all, width;
    real factor;
    real stays; /* what dropout makes of 1 */
};

static real score_of(const struct meeting *m, const real *qkv, const real *kv)
{
    real sum = 0;
    for (size_t d = 0; d < m->width; d++)
        sum += qkv[m->q + d] * kv[m->k + d];
    return sum;
}

static size_t position(const struct slice *slice, size_t token)
{
    size_t length = slice->runs[0].count;
    return slice->runs[token / length].begin + token % length;
}

static real stays(const struct attention_slices *s, size_t r, size_t n, size_t query, size_t key)
{
    const struct attention_drops *d = s->drops;
    uint8_t kept;
    if (!d)
        return 1;
    uint64_t pair = (((d->row + r) * d->heads + d->head + n) * d->tokens + position(&s->queries, query)) * d->tokens +
                    position(&s->keys, key);
    math_dropout_draw(d->draw, d->rate, pair, 1, &kept);
    return kept ? (real)d->factor : 0;
}

/* False where the key is behind the query. */
static bool meet(const struct attention_slices *s, size_t r, size_t n, size_t query, size_t key,
                 struct meeting *m)
{
    size_t all = s->heads * s->head_width, queries = slice_positions(&s->queries);
    size_t token = r * queries + query, other = r * slice_positions(&s->keys) + key;
    *m = (struct meeting){.q = token * 3 * all + n * s->head_width,
                          .k = other * 2 * all + n * s->head_width,
                          .y = token * all + n * s->head_width,
                          .kept = (r * s->heads + n) * queries + query,
                          .all = all,
                          .width = s->head_width,
                          .factor = 1 / REAL(sqrt)((real)s->head_width)};
    bool sees = position(&s->keys, key) <= position(&s->queries, query);
    m->stays = sees ? stays(s, r, n, query, key) : 0;
    return sees;
}

#define EACH_MEETING(s, rows, m)                                                                   \
    for (size_t r = 0; r < (rows); r++)                                                            \
        for (size_t n = 0; n < (s)->heads; n++)                                                    \
            for (size_t query = 0; query < slice_positions(&(s)->queries); query++)                \
                for (size_t key = 0; key < slice_positions(&(s)->keys); key++)                     \
                    if (meet(s, r, n, query, key, &(m)))

void NAMED(attention_slices)(const struct attention_slices *s, size_t rows, const real *qkv,
                             const real *kv, real *y, real *most, real *sum)
{
    struct meeting m;
    EACH_MEETING(s, rows, m)
    {
        real score = score_of(&m, qkv, kv), before = most[m.kept];
        most[m.kept] = score > before ? score : before;
        real shrink = REAL(exp)(m.factor * (before - most[m.kept]));
        real weight = REAL(exp)(m.factor * (score - most[m.kept]));
        sum[m.kept] = sum[m.kept] * shrink + weight;
        for (size_t d = 0; d < m.width; d++)
            y[m.y + d] = y[m.y + d] * shrink + m.stays * weight * kv[m.k + m.all + d];
    }
}

void NAMED(attention_slices_backward)(const struct attention_slices *s, size_t rows, const real *qkv,
                                      const real *kv, const real *most, const real *sum,
                                      const real *delta, const real *dy, real *dqkv, real *dkv)
{
    struct meeting m;
    EACH_MEETING(s, rows, m)
    {
        real p = REAL(exp)(m.factor * (score_of(&m, qkv, kv) - most[m.kept])) / sum[m.kept], dp = 0;
        for (size_t d = 0; d < m.width; d++)
            dp += dy[m.y + d] * kv[m.k + m.all + d];
        real ds = m.factor * p * (m.stays * dp - delta[m.kept]);
        for (size_t d = 0; d < m.width; d++) {
            dqkv[m.q + d] += ds * kv[m.k + d];
            dkv[m.k + d] += ds * qkv[m.q + d];
            dkv[m.k + m.all + d] += m.stays * p * dy[m.y + d];
        }
    }
}
