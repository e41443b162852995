#include "reference.h"

size_t math_attention_scratch(const struct attention *shape)
{
    (void)shape;
    return 0;
}

void math_attention(const struct attention *shape, size_t rows, const float *qkv, float *p,
                    float *y, float *scratch)
{
    (void)scratch;
    math_attention_reference(shape, rows, qkv, p, y);
}

void math_attention_backward(const struct attention *shape, size_t rows, const float *qkv,
                             const float *p, const float *dy, float *dqkv, float *scratch)
{
    (void)scratch;
    math_attention_backward_reference(shape, rows, qkv, p, dy, dqkv);
}

void math_layernorm(size_t rows, size_t n, float eps, const float *x, const float *gain,
                    const float *bias, float *y, float *mean, float *rstd)
{
    math_layernorm_reference(rows, n, eps, x, gain, bias, y, mean, rstd);
}

void math_layernorm_backward(size_t rows, size_t n, const float *x, const float *gain,
                             const float *mean, const float *rstd, const float *dy, float *dx,
                             bool add_dx, float *dgain, float *dbias, bool accumulate)
{
    math_layernorm_backward_reference(rows, n, x, gain, mean, rstd, dy, dx, add_dx, dgain, dbias,
                                      accumulate);
}

void math_embed(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                const float *table, const float *positions, float *y)
{
    math_embed_reference(rows, tokens_per_row, width, tokens, table, positions, y);
}

void math_embed_backward(size_t rows, size_t tokens_per_row, size_t width, size_t vocabulary,
                         const int32_t *tokens, const float *dy, float *dtable, bool add_table,
                         float *dpositions, bool add_positions)
{
    math_embed_backward_reference(rows, tokens_per_row, width, vocabulary, tokens, dy, dtable,
                                  add_table, dpositions, add_positions);
}
