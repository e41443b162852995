/* What a transformer needs beside products: attention, layer normalisation, embeddings; as in
 * GPT-2 (Radford et al. 2019) and PyTorch.
 *
 * Letters: R rows (sequences), T tokens of a sequence, C the width, N heads of D each, V the
 * vocabulary. Tensors are (R, T, C).
 */
#ifndef THREADRACK_MATH_TRANSFORMER_H
#define THREADRACK_MATH_TRANSFORMER_H

#include "threadrack/base/philox.h"
#include "threadrack/base/slice.h"
#include "threadrack/math/math.h"

/* Causal self-attention between its two linear layers (Vaswani et al. 2017, section 3.2). A tensor
 * rank passes its own heads only. */
struct attention {
    size_t heads, head_width, tokens; /* N, D, T */
    /* Dropout of p (math/dropout.h): which stay, (R, N, T, T), and p times the factor where it stays, likewise,
     * which forward writes and backward reads. NULL: all stay. */
    const uint8_t *kept;
    float *dropped;
    float factor;
};

/* Floats of the room called scratch below; it holds nothing between calls. */
size_t math_attention_scratch(const struct attention *shape);

/* For each head: p = softmax over s <= t of q k^T / sqrt(D), y = p v. `qkv` is what c_attn gives:
 * (R, T, 3ND), of each token the queries of all heads, then the keys, then the values. p
 * (R, N, T, T), zero above the diagonal, is kept for the way back. y (R, T, ND). */
void math_attention(const struct attention *shape, size_t rows, const float *qkv, float *p,
                    float *y, float *scratch);
/* dqkv (R, T, 3ND) from dy (R, T, ND). */
void math_attention_backward(const struct attention *shape, size_t rows, const float *qkv,
                             const float *p, const float *dy, float *dqkv, float *scratch);

/* The same of sequences that are cut into slices of t positions each (Liu et al. 2023, Ring Attention
 * with Blockwise Transformers): a slice's queries meet the keys and values of one slice after another,
 * their own first. Of each query the largest score and the sum of exponents below it so far are kept
 * (R, N, t) instead of probabilities, and y is not yet divided by that sum (Milakov and Gimelshein 2018).
 * `kv` (R, t, 2ND) has of each token the keys of all heads, then the values. Runs of the two slices are
 * the same or apart: of a run behind the queries' nothing is seen. */
struct attention_slices {
    size_t heads, head_width; /* N, D */
    struct slice queries, keys;
    const struct attention_drops *drops; /* dropout of probabilities; NULL: none */
};
/* Which stay is drawn whenever a pair is met, and not kept (as in FlashAttention: Dao et al. 2022, appendix B.3):
 * a pair is element ((row * heads + head) * tokens + query) * tokens + key of the draw (math/dropout.h). */
struct attention_drops {
    struct draw draw;
    double rate;
    float factor;       /* of what stays */
    size_t heads, tokens; /* of a whole row */
    size_t row, head;   /* the first of these rows and heads */
};
/* Pairs of positions that the kernels go through, those above the diagonal of a run with itself too. */
size_t math_attention_pairs(const struct attention_slices *shape);
size_t math_attention_slices_scratch(const struct attention_slices *shape);
/* From qkv (R, t, 3ND), of which only the queries are read; `first` begins y, most and sum. */
void math_attention_slices(const struct attention_slices *shape, size_t rows, const float *qkv,
                           const float *kv, bool first, float *y, float *most, float *sum,
                           float *scratch);
/* Behind the last: y is divided. */
void math_attention_divide(const struct attention_slices *shape, size_t rows, const float *sum,
                           float *y);
/* delta (R, N, t) = the sum of y dy over a head: what the softmax's way back subtracts (Dao et al. 2022,
 * FlashAttention, appendix B.2). */
void math_attention_delta(const struct attention_slices *shape, size_t rows, const float *y,
                          const float *dy, float *delta);
/* The queries' gradients in dqkv (R, t, 3ND), which `first` begins, and those of the slice of keys and
 * values: dkv (R, t, 2ND) is written. */
void math_attention_slices_backward(const struct attention_slices *shape, size_t rows,
                                    const float *qkv, const float *kv, const float *most,
                                    const float *sum, const float *delta, const float *dy, bool first,
                                    float *dqkv, float *dkv, float *scratch);

/* y (rows, n) = (x - mean) * rstd * gain (n) + bias (n), with the mean and the reciprocal of
 * sqrt(variance + eps) of each row of x (rows, n) (Ba et al. 2016). `mean` and `rstd` (rows) are
 * kept for the way back; either both or neither may be NULL (evaluation). y may be x. */
void math_layernorm(size_t rows, size_t n, float eps, const float *x, const float *gain,
                    const float *bias, float *y, float *mean, float *rstd);
/* dx (rows, n) = (or, with add_dx, +=: the gradient that a residual connection brings) the input's
 * gradient; dgain and dbias (n) = or, with accumulate, +=. dx may be dy unless add_dx. */
void math_layernorm_backward(size_t rows, size_t n, const float *x, const float *gain,
                             const float *mean, const float *rstd, const float *dy, float *dx,
                             bool add_dx, float *dgain, float *dbias, bool accumulate);

/* y (R, T, C) = table (V, C) [token] + positions (T, C); tokens (R, T), each in [0, V). */
void math_embed(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                const float *table, const float *positions, float *y);
/* The same where the table has only the tokens from `first`, `held` of them: others' vectors are 0;
 * and, where it is NULL, without positions. So the sum over ranks that hold all tokens between them is
 * that of math_embed, to the bit. */
void math_embed_share(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                      size_t first, size_t held, const float *table, const float *positions,
                      float *y);
void math_embed_share_backward(size_t count, size_t width, const int32_t *tokens, size_t first,
                               size_t held, const float *dy, float *dtable, bool add_table);
/* dtable and dpositions = (or +=) the sums of dy (R, T, C) in row order. A tied table adds to what
 * the output layer has left there. Either may be NULL. */
void math_embed_backward(size_t rows, size_t tokens_per_row, size_t width, size_t vocabulary,
                         const int32_t *tokens, const float *dy, float *dtable, bool add_table,
                         float *dpositions, bool add_positions);

#endif
