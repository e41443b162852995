/* Networks by plain loops in double precision, forward only: what the model floor's layers are held
 * against, and whose finite differences its gradients are. */
#ifndef TESTS_MODEL_REFERENCE_H
#define TESTS_MODEL_REFERENCE_H

#include "threadrack/math/dropout.h"
#include "threadrack/math/math.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum plain_kind {
    PLAIN_END,
    PLAIN_LINEAR,   /* a: outputs, bias unless b */
    PLAIN_BORROWED, /* a: outputs; the weight is the first tensor of all */
    PLAIN_CONV,     /* a: channels, b: kernel, c: padding; of an image (channels, height, width) */
    PLAIN_POOL,
    PLAIN_ACTIVATION,
    PLAIN_NORM,
    PLAIN_EMBEDDING, /* a: width, b: vocabulary */
    PLAIN_ATTENTION, /* a: heads */
    PLAIN_FEED,      /* a: hidden */
    PLAIN_EXPERTS    /* a: hidden, b: experts, c: choices, and capacity and balance */
};

struct plain_layer {
    enum plain_kind kind;
    size_t a, b, c;
    enum activation activation;
    double capacity, balance;
    double dropout; /* 0: none */
};

struct plain_shape {
    size_t positions, width;           /* of a row */
    size_t channels, height, breadth;  /* of an image */
    double own_loss;                   /* what layers add to the loss of the row */
    size_t row;                        /* of the step: 0 with seed 0 */
    uint32_t layer;                    /* from 0 */
};

static inline double plain_activation(double x, enum activation kind)
{
    switch (kind) {
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case ACTIVATION_TANH:
        return tanh(x);
    case ACTIVATION_GELU:
        return 0.5 * x * (1 + erf(x / sqrt(2)));
    case ACTIVATION_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    default:
        return x;
    }
}

static inline double *plain_room(size_t count)
{
    double *room = calloc(count, sizeof *room);
    return room ? room : (abort(), NULL);
}

/* What dropout makes of an element of the layer, of its sum or (inner) of its probabilities: by itself, whatever
 * passes beside it. */
static inline double plain_dropped(double value, const struct plain_shape *s, const struct plain_layer *l,
                                   uint32_t inner, size_t element)
{
    struct draw draw = {.purpose = PURPOSE_DROPOUT, .rank = 2 * s->layer + inner};
    uint8_t kept = 1;
    if (l->dropout > 0)
        math_dropout_draw(draw, l->dropout, element, 1, &kept);
    return kept ? value / (1 - l->dropout) : 0;
}

static inline void plain_drop(double *y, const struct plain_shape *s, const struct plain_layer *l)
{
    size_t count = s->positions * s->width;
    for (size_t i = 0; i < count; i++)
        y[i] = plain_dropped(y[i], s, l, 0, s->row * count + i);
}

/* y (positions, o) of x (positions, i); b may be NULL. */
static inline double *plain_linear(const double *x, size_t positions, size_t i, const double *w,
                                   const double *b, size_t o, enum activation kind)
{
    double *y = plain_room(positions * o);
    for (size_t p = 0; p < positions; p++)
        for (size_t out = 0; out < o; out++) {
            double sum = b ? b[out] : 0;
            for (size_t in = 0; in < i; in++)
                sum += w[out * i + in] * x[p * i + in];
            y[p * o + out] = plain_activation(sum, kind);
        }
    return y;
}

static inline double *plain_norm(const double *x, size_t positions, size_t n, const double *gain,
                                 const double *bias)
{
    double *y = plain_room(positions * n);
    for (size_t p = 0; p < positions; p++) {
        double mean = 0, variance = 0;
        for (size_t j = 0; j < n; j++)
            mean += x[p * n + j] / (double)n;
        for (size_t j = 0; j < n; j++)
            variance += (x[p * n + j] - mean) * (x[p * n + j] - mean) / (double)n;
        for (size_t j = 0; j < n; j++)
            y[p * n + j] =
                (x[p * n + j] - mean) / sqrt(variance + 1e-5) * gain[j] + bias[j];
    }
    return y;
}

static inline double plain_pixel(const double *plane, const struct plain_shape *s, ptrdiff_t i,
                                 ptrdiff_t j)
{
    bool outside =
        i < 0 || j < 0 || i >= (ptrdiff_t)s->height || j >= (ptrdiff_t)s->breadth;
    return outside ? 0 : plane[(size_t)i * s->breadth + (size_t)j];
}

/* One image. */
static inline double *plain_conv(const double *x, struct plain_shape *s,
                                 const struct plain_layer *l, const double *w, const double *b)
{
    size_t h = s->height + 2 * l->c - l->b + 1, v = s->breadth + 2 * l->c - l->b + 1;
    double *y = plain_room(l->a * h * v);
    for (size_t o = 0; o < l->a; o++)
        for (size_t i = 0; i < h; i++)
            for (size_t j = 0; j < v; j++) {
                double sum = b[o];
                for (size_t c = 0; c < s->channels; c++)
                    for (size_t k = 0; k < l->b * l->b; k++)
                        sum += w[(o * s->channels + c) * l->b * l->b + k] *
                               plain_pixel(x + c * s->height * s->breadth, s,
                                           (ptrdiff_t)(i + k / l->b) - (ptrdiff_t)l->c,
                                           (ptrdiff_t)(j + k % l->b) - (ptrdiff_t)l->c);
                y[(o * h + i) * v + j] = plain_activation(sum, l->activation);
            }
    *s = (struct plain_shape){1, l->a * h * v, l->a, h, v, s->own_loss, s->row, s->layer};
    return y;
}

static inline double *plain_pool(const double *x, struct plain_shape *s)
{
    size_t h = s->height / 2, v = s->breadth / 2;
    double *y = plain_room(s->channels * h * v);
    for (size_t c = 0; c < s->channels; c++)
        for (size_t i = 0; i < h; i++)
            for (size_t j = 0; j < v; j++) {
                const double *at = x + (c * s->height + 2 * i) * s->breadth + 2 * j;
                y[(c * h + i) * v + j] =
                    fmax(fmax(at[0], at[1]), fmax(at[s->breadth], at[s->breadth + 1]));
            }
    *s = (struct plain_shape){1, s->channels * h * v, s->channels, h, v, s->own_loss, s->row, s->layer};
    return y;
}

/* One sequence: a (positions, width) of qkv (positions, 3 width). */
static inline double *plain_attend(const double *qkv, const struct plain_shape *shape,
                                   const struct plain_layer *l)
{
    size_t positions = shape->positions, width = shape->width, heads = l->a, d = width / heads;
    double *y = plain_room(positions * width), *p = plain_room(positions);
    for (size_t h = 0; h < heads; h++)
        for (size_t t = 0; t < positions; t++) {
            const double *q = qkv + t * 3 * width + h * d;
            double sum = 0;
            for (size_t s = 0; s <= t; s++) {
                const double *k = qkv + s * 3 * width + width + h * d;
                double dot = 0;
                for (size_t e = 0; e < d; e++)
                    dot += q[e] * k[e];
                sum += p[s] = exp(dot / sqrt((double)d));
            }
            for (size_t s = 0; s <= t; s++)
                p[s] = plain_dropped(p[s] / sum, shape, l, 1,
                                     ((shape->row * heads + h) * positions + t) * positions + s);
            for (size_t s = 0; s <= t; s++)
                for (size_t e = 0; e < d; e++)
                    y[t * width + h * d + e] +=
                        p[s] * qkv[s * 3 * width + 2 * width + h * d + e];
        }
    free(p);
    return y;
}

/* Both halves of a block: x + f(norm(x)). */
static inline double *plain_block(const double *x, const struct plain_shape *s,
                                  const struct plain_layer *l, const double **w)
{
    size_t c = s->width, feed = l->kind == PLAIN_FEED, inner = feed ? l->a : 3 * c;
    size_t back = feed ? l->a : c;
    const double *gain = *w, *bias = gain + c, *w1 = bias + c, *b1 = w1 + inner * c;
    const double *w2 = b1 + inner, *b2 = w2 + c * back;
    double *n = plain_norm(x, s->positions, c, gain, bias);
    double *in = plain_linear(n, s->positions, c, w1, b1, inner, l->activation);
    double *middle = feed ? in : plain_attend(in, s, l);
    double *y = plain_linear(middle, s->positions, back, w2, b2, c, ACTIVATION_NONE);
    plain_drop(y, s, l);
    for (size_t j = 0; j < s->positions * c; j++)
        y[j] += x[j];
    *w = b2 + c;
    if (!feed)
        free(middle);
    free(in);
    free(n);
    return y;
}

/* The c-th largest of p, the lower of equals first. */
static inline size_t plain_choice(const double *p, size_t experts, size_t c)
{
    for (size_t e = 0; e < experts; e++) {
        size_t before = 0;
        for (size_t other = 0; other < experts; other++)
            before += p[other] > p[e] || (p[other] == p[e] && other < e);
        if (before == c)
            return e;
    }
    return 0;
}

/* x + the chosen experts' outputs, where they have places left; a place is given to all first choices
 * before any second one. */
static inline double *plain_experts(const double *x, struct plain_shape *s,
                                    const struct plain_layer *l, const double **w)
{
    size_t d = s->width, h = l->a, E = l->b, T = s->positions;
    const double *gain = *w, *bias = gain + d, *router = bias + d, *w1 = router + E * d;
    const double *b1 = w1 + E * h * d, *w2 = b1 + E * h, *b2 = w2 + E * d * h;
    double *n = plain_norm(x, T, d, gain, bias), *y = plain_room(T * d);
    double *p = plain_linear(n, T, d, router, NULL, E, ACTIVATION_NONE);
    double *taken = plain_room(E), *chosen = plain_room(E), *mean = plain_room(E);
    double capacity = ceil(l->capacity * (double)(l->c * T) / (double)E);
    capacity = fmin(fmax(capacity, 1), (double)T);
    for (size_t t = 0; t < T; t++) {
        double sum = 0;
        for (size_t e = 0; e < E; e++)
            sum += p[t * E + e] = exp(p[t * E + e]);
        for (size_t e = 0; e < E; e++)
            mean[e] += (p[t * E + e] /= sum) / (double)T;
    }
    for (size_t c = 0; c < l->c; c++)
        for (size_t t = 0; t < T; t++) {
            size_t e = plain_choice(p + t * E, E, c);
            double all = 0;
            for (size_t i = 0; i < l->c; i++)
                all += p[t * E + plain_choice(p + t * E, E, i)];
            chosen[e]++;
            if (taken[e]++ >= capacity)
                continue;
            double *in = plain_linear(n + t * d, 1, d, w1 + e * h * d, b1 + e * h, h, l->activation);
            double *out = plain_linear(in, 1, h, w2 + e * d * h, b2 + e * d, d, ACTIVATION_NONE);
            for (size_t j = 0; j < d; j++)
                y[t * d + j] += p[t * E + e] / (l->c > 1 ? all : 1) * out[j];
            free(in);
            free(out);
        }
    plain_drop(y, s, l);
    for (size_t j = 0; j < T * d; j++)
        y[j] += x[j];
    for (size_t e = 0; e < E; e++)
        s->own_loss += l->balance * (double)E * mean[e] * chosen[e] / (double)(T * l->c);
    *w = b2 + E * d;
    free(n), free(p), free(taken), free(chosen), free(mean);
    return y;
}

static inline double *plain_embed(const double *x, struct plain_shape *s,
                                  const struct plain_layer *l, const double **w)
{
    const double *table = *w, *place = table + l->a * l->b;
    double *y = plain_room(s->positions * l->a);
    for (size_t t = 0; t < s->positions; t++)
        for (size_t j = 0; j < l->a; j++)
            y[t * l->a + j] = table[(size_t)x[t] * l->a + j] + place[t * l->a + j];
    *w = place + s->positions * l->a;
    s->width = l->a;
    plain_drop(y, s, l);
    return y;
}

static inline double *plain_step(const double *x, struct plain_shape *s,
                                 const struct plain_layer *l, const double *all, const double **w)
{
    const double *weight = *w;
    double *y;
    switch (l->kind) {
    case PLAIN_LINEAR:
        *w += l->a * s->width + (l->b ? 0 : l->a);
        y = plain_linear(x, s->positions, s->width, weight, l->b ? NULL : weight + l->a * s->width,
                         l->a, l->activation);
        s->width = l->a;
        return y;
    case PLAIN_BORROWED:
        y = plain_linear(x, s->positions, s->width, all, NULL, l->a, l->activation);
        s->width = l->a;
        return y;
    case PLAIN_CONV: {
        size_t count = l->a * s->channels * l->b * l->b;
        *w += count + l->a;
        return plain_conv(x, s, l, weight, weight + count);
    }
    case PLAIN_POOL:
        return plain_pool(x, s);
    case PLAIN_NORM:
        *w += 2 * s->width;
        return plain_norm(x, s->positions, s->width, weight, weight + s->width);
    case PLAIN_EMBEDDING:
        return plain_embed(x, s, l, w);
    case PLAIN_ATTENTION:
    case PLAIN_FEED:
        return plain_block(x, s, l, w);
    case PLAIN_EXPERTS:
        return plain_experts(x, s, l, w);
    default:
        y = plain_room(s->positions * s->width);
        for (size_t j = 0; j < s->positions * s->width; j++)
            y[j] = plain_activation(x[j], l->activation);
        return y;
    }
}

/* The output of one row, from the heap; `shape` becomes its shape. Weights are the network's tensors
 * one after another; tokens are given as numbers. */
static inline double *plain_forward(const struct plain_layer *layers, struct plain_shape *shape,
                                    const double *weights, const double *x)
{
    const double *at = weights;
    double *y = NULL;
    for (int i = 0; layers[i].kind; i++) {
        shape->layer = (uint32_t)i;
        double *next = plain_step(y ? y : x, shape, &layers[i], weights, &at);
        free(y);
        y = next;
    }
    return y;
}

/* Of one row: the mean over its positions of -log p[class], or over its outputs of the squared
 * difference from `aims`, where there are any. */
static inline double plain_loss(const double *y, const struct plain_shape *s,
                                const int32_t *classes, bool squared, const float *aims)
{
    double loss = 0;
    for (size_t p = 0; p < s->positions; p++) {
        const double *row = y + p * s->width;
        double sum = 0;
        for (size_t j = 0; j < s->width; j++) {
            double aim = aims ? (double)aims[p * s->width + j] : (double)j == classes[p];
            sum += squared ? (row[j] - aim) * (row[j] - aim) / (double)s->width : exp(row[j]);
        }
        loss += squared ? sum : log(sum) - row[classes[p]];
    }
    return loss / (double)s->positions;
}

#endif
