/* Attention, layer normalisation and embeddings by plain loops. */
#include "real.h"

/* Views of one head of one row: element d of token t is at [t * stride + d]. */
struct head {
    const real *q, *k, *v;
    real *dq, *dk, *dv;
    size_t stride, width, tokens;
    const uint8_t *kept; /* (T, T); NULL: all */
    real factor;
};

static struct head head_of(const struct attention *s, const real *qkv, real *dqkv, size_t r,
                           size_t n)
{
    size_t all = s->heads * s->head_width, at = r * s->tokens * 3 * all + n * s->head_width;
    return (struct head){.q = qkv + at,
                         .k = qkv + at + all,
                         .v = qkv + at + 2 * all,
                         .dq = dqkv ? dqkv + at : NULL,
                         .dk = dqkv ? dqkv + at + all : NULL,
                         .dv = dqkv ? dqkv + at + 2 * all : NULL,
                         .stride = 3 * all,
                         .width = s->head_width,
                         .tokens = s->tokens,
                         .kept = s->kept ? s->kept + (r * s->heads + n) * s->tokens * s->tokens : NULL,
                         .factor = (real)s->factor};
}

/* What dropout makes of a probability of token t for token s, and of its gradient. */
static real dropped(const struct head *h, size_t t, size_t s, real value)
{
    return !h->kept ? value : h->kept[t * h->tokens + s] ? h->factor * value : 0;
}

static real dot(size_t n, const real *a, const real *b)
{
    real sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void softmax(size_t n, real *values)
{
    real most = values[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        most = values[i] > most ? values[i] : most;
    for (size_t i = 0; i < n; i++)
        sum += values[i] = REAL(exp)(values[i] - most);
    for (size_t i = 0; i < n; i++)
        values[i] /= sum;
}

/* Token t of a head: p (T) and y (D). */
static void attend(const struct head *h, size_t t, real *p, real *y)
{
    real factor = 1 / REAL(sqrt)((real)h->width);
    for (size_t s = 0; s < h->tokens; s++)
        p[s] = s <= t ? factor * dot(h->width, h->q + t * h->stride, h->k + s * h->stride) : 0;
    softmax(t + 1, p);
    for (size_t d = 0; d < h->width; d++) {
        y[d] = 0;
        for (size_t s = 0; s <= t; s++)
            y[d] += dropped(h, t, s, p[s]) * h->v[s * h->stride + d];
    }
}

void NAMED(attention)(const struct attention *shape, size_t rows, const real *qkv, real *p, real *y)
{
    size_t tokens = shape->tokens, heads = shape->heads, width = shape->head_width;
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < heads; n++) {
            struct head head = head_of(shape, qkv, NULL, r, n);
            for (size_t t = 0; t < tokens; t++)
                attend(&head, t, p + ((r * heads + n) * tokens + t) * tokens,
                       y + ((r * tokens + t) * heads + n) * width);
        }
}

/* Token t's part of the head's gradients; the softmax's is ds = p (dp - sum of p dp). */
static void attend_backward(const struct head *h, size_t t, const real *p, const real *dy)
{
    real factor = 1 / REAL(sqrt)((real)h->width), mean = 0;
    for (size_t s = 0; s <= t; s++)
        mean += p[s] * dropped(h, t, s, dot(h->width, dy, h->v + s * h->stride));
    for (size_t s = 0; s <= t; s++) {
        real dp = dropped(h, t, s, dot(h->width, dy, h->v + s * h->stride));
        real ds = factor * p[s] * (dp - mean);
        for (size_t d = 0; d < h->width; d++) {
            h->dv[s * h->stride + d] += dropped(h, t, s, p[s]) * dy[d];
            h->dq[t * h->stride + d] += ds * h->k[s * h->stride + d];
            h->dk[s * h->stride + d] += ds * h->q[t * h->stride + d];
        }
    }
}

void NAMED(attention_backward)(const struct attention *shape, size_t rows, const real *qkv,
                               const real *p, const real *dy, real *dqkv)
{
    size_t tokens = shape->tokens, heads = shape->heads, width = shape->head_width;
    for (size_t i = 0; i < rows * tokens * 3 * heads * width; i++)
        dqkv[i] = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t n = 0; n < heads; n++) {
            struct head head = head_of(shape, qkv, dqkv, r, n);
            for (size_t t = 0; t < tokens; t++)
                attend_backward(&head, t, p + ((r * heads + n) * tokens + t) * tokens,
                                dy + ((r * tokens + t) * heads + n) * width);
        }
}

void NAMED(layernorm)(size_t rows, size_t n, real eps, const real *x, const real *gain,
                      const real *bias, real *y, real *mean, real *rstd)
{
    for (size_t i = 0; i < rows; i++) {
        const real *row = x + i * n;
        real sum = 0, squares = 0;
        for (size_t j = 0; j < n; j++)
            sum += row[j];
        real middle = sum / (real)n;
        for (size_t j = 0; j < n; j++)
            squares += (row[j] - middle) * (row[j] - middle);
        real scale = 1 / REAL(sqrt)(squares / (real)n + eps);
        for (size_t j = 0; j < n; j++)
            y[i * n + j] = (row[j] - middle) * scale * gain[j] + bias[j];
        if (mean) {
            mean[i] = middle;
            rstd[i] = scale;
        }
    }
}

/* With x' the normalised row and g = dy gain: dx = rstd (g - mean of g - x' mean of g x'). */
static void layernorm_row_backward(size_t n, const real *x, const real *gain, real mean, real rstd,
                                   const real *dy, real *dx, bool add_dx)
{
    real sum = 0, with_x = 0;
    for (size_t j = 0; j < n; j++) {
        sum += dy[j] * gain[j];
        with_x += dy[j] * gain[j] * (x[j] - mean) * rstd;
    }
    for (size_t j = 0; j < n; j++) {
        real d = dy[j] * gain[j] - sum / (real)n - (x[j] - mean) * rstd * with_x / (real)n;
        dx[j] = (add_dx ? dx[j] : 0) + rstd * d;
    }
}

void NAMED(layernorm_backward)(size_t rows, size_t n, const real *x, const real *gain,
                               const real *mean, const real *rstd, const real *dy, real *dx,
                               bool add_dx, real *dgain, real *dbias, bool accumulate)
{
    for (size_t j = 0; !accumulate && j < n; j++)
        dgain[j] = dbias[j] = 0;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < n; j++) {
            dgain[j] += dy[i * n + j] * (x[i * n + j] - mean[i]) * rstd[i];
            dbias[j] += dy[i * n + j];
        }
        layernorm_row_backward(n, x + i * n, gain, mean[i], rstd[i], dy + i * n, dx + i * n,
                               add_dx);
    }
}

void NAMED(embed)(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                  const real *table, const real *positions, real *y)
{
    for (size_t i = 0; i < rows * tokens_per_row; i++)
        for (size_t j = 0; j < width; j++)
            y[i * width + j] =
                table[(size_t)tokens[i] * width + j] + positions[i % tokens_per_row * width + j];
}

void NAMED(embed_backward)(size_t rows, size_t tokens_per_row, size_t width, size_t vocabulary,
                           const int32_t *tokens, const real *dy, real *dtable, bool add_table,
                           real *dpositions, bool add_positions)
{
    for (size_t i = 0; dtable && !add_table && i < vocabulary * width; i++)
        dtable[i] = 0;
    for (size_t i = 0; dpositions && !add_positions && i < tokens_per_row * width; i++)
        dpositions[i] = 0;
    for (size_t i = 0; i < rows * tokens_per_row; i++)
        for (size_t j = 0; j < width; j++) {
            if (dtable)
                dtable[(size_t)tokens[i] * width + j] += dy[i * width + j];
            if (dpositions)
                dpositions[i % tokens_per_row * width + j] += dy[i * width + j];
        }
}
