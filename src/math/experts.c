/* Routing of tokens to experts. Plain loops under every math.kernel: beside the experts' products
 * they are nothing. */
#include "threadrack/math/experts.h"

#include "threadrack/math/math.h"

#include "threadrack/base/vectorise.h"

#include "functions.h"
#include "lanes.h"

#include <math.h>
#include <string.h>

size_t math_expert_capacity(double factor, size_t choices, size_t tokens, size_t experts)
{
    double places = ceil(factor * (double)choices * (double)tokens / (double)experts);
    return places < 1 ? 1 : places > (double)tokens ? tokens : (size_t)places;
}

static void softmax(size_t n, float *p)
{
    float most = p[0], sum = 0;
    for (size_t e = 1; e < n; e++)
        most = p[e] > most ? p[e] : most;
    for (size_t e = 0; e < n; e++)
        sum += p[e] = function_exp(p[e] - most);
    for (size_t e = 0; e < n; e++)
        p[e] /= sum;
}

/* ---- Choices and places. ---- */

static size_t expert_of(const struct routing *s, int32_t place)
{
    return place < 0 ? (size_t)(-1 - place) : (size_t)place / s->capacity;
}

/* Whether the expert is among the first `count` choices, which are given as if without places. */
static bool is_taken(const int32_t *chosen, size_t count, size_t expert)
{
    for (size_t i = 0; i < count; i++)
        if (chosen[i] == -1 - (int32_t)expert)
            return true;
    return false;
}

static size_t best_left(const struct routing *s, const float *p, const int32_t *chosen, size_t count)
{
    size_t best = s->experts;
    for (size_t e = 0; e < s->experts; e++)
        if (!is_taken(chosen, count, e) && (best == s->experts || p[e] > p[best]))
            best = e;
    return best;
}

static void choose(const struct routing *s, const float *p, int32_t *chosen, float *gates)
{
    float sum = 0;
    for (size_t i = 0; i < s->choices; i++) {
        size_t expert = best_left(s, p, chosen, i);
        chosen[i] = -1 - (int32_t)expert;
        sum += gates[i] = p[expert];
    }
    for (size_t i = 0; i < s->choices && s->choices > 1; i++)
        gates[i] /= sum;
}

/* Choices become places as long as the expert has any left. */
static void seat(const struct routing *s, int32_t *places, size_t expert)
{
    size_t taken = 0;
    for (size_t c = 0; c < s->choices; c++)
        for (size_t t = 0; t < s->tokens && taken < s->capacity; t++) {
            int32_t *own = &places[t * s->choices + c];
            if (*own == -1 - (int32_t)expert)
                *own = (int32_t)(expert * s->capacity + taken++);
        }
}

static void route_row(const struct routing *s, float *p, int32_t *places, float *gates)
{
    for (size_t t = 0; t < s->tokens; t++) {
        softmax(s->experts, p + t * s->experts);
        choose(s, p + t * s->experts, places + t * s->choices, gates + t * s->choices);
    }
    for (size_t e = 0; e < s->experts; e++)
        seat(s, places, e);
}

void math_route(const struct routing *s, size_t rows, float *p, int32_t *places, float *gates)
{
    for (size_t r = 0; r < rows; r++)
        route_row(s, p + r * s->tokens * s->experts, places + r * s->tokens * s->choices,
                  gates + r * s->tokens * s->choices);
}

/* ---- The router's gradient. ---- */

/* The share of a row's choices that an expert has. */
static float popularity(const struct routing *s, const int32_t *places, size_t expert)
{
    size_t count = 0;
    for (size_t i = 0; i < s->tokens * s->choices; i++)
        count += expert_of(s, places[i]) == expert;
    return (float)count / (float)(s->tokens * s->choices);
}

double math_route_balance(const struct routing *s, size_t rows, const float *p,
                          const int32_t *places)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++, p += s->tokens * s->experts, places += s->tokens * s->choices)
        for (size_t e = 0; e < s->experts; e++) {
            double mean = 0, share = (double)popularity(s, places, e);
            for (size_t t = 0; t < s->tokens; t++)
                mean += (double)p[t * s->experts + e] / (double)s->tokens;
            sum += (double)s->experts * share * mean;
        }
    return sum;
}

/* dp of a token, where `dp` comes with what the balance asks for. */
static void gates_back(const struct routing *s, const int32_t *places, const float *gates,
                       const float *dgates, const float *p, float *dp)
{
    float mean = 0, sum = 1;
    if (s->choices > 1) {
        sum = 0;
        for (size_t i = 0; i < s->choices; i++) {
            mean += gates[i] * dgates[i];
            sum += p[expert_of(s, places[i])];
        }
    }
    for (size_t i = 0; i < s->choices; i++)
        dp[expert_of(s, places[i])] += (dgates[i] - mean) / sum;
}

static void softmax_back(size_t n, const float *p, float *dp)
{
    float mean = 0;
    for (size_t e = 0; e < n; e++)
        mean += p[e] * dp[e];
    for (size_t e = 0; e < n; e++)
        dp[e] = p[e] * (dp[e] - mean);
}

static void route_row_back(const struct routing *s, const float *p, const int32_t *places,
                           const float *gates, const float *dgates, float balance, float *dlogits)
{
    float each = balance * (float)s->experts / (float)s->tokens;
    for (size_t e = 0; e < s->experts; e++) {
        float asked = each * popularity(s, places, e);
        for (size_t t = 0; t < s->tokens; t++)
            dlogits[t * s->experts + e] = asked;
    }
    for (size_t t = 0; t < s->tokens; t++) {
        size_t at = t * s->choices;
        const float *own = p + t * s->experts;
        gates_back(s, places + at, gates + at, dgates + at, own, dlogits + t * s->experts);
        softmax_back(s->experts, own, dlogits + t * s->experts);
    }
}

void math_route_backward(const struct routing *s, size_t rows, const float *p,
                         const int32_t *places, const float *gates, const float *dgates,
                         float balance, float *dlogits)
{
    for (size_t r = 0; r < rows; r++) {
        size_t chosen = r * s->tokens * s->choices, all = r * s->tokens * s->experts;
        route_row_back(s, p + all, places + chosen, gates + chosen, dgates + chosen, balance,
                       dlogits + all);
    }
}

/* ---- To the experts and back. ---- */

/* The i-th choice of all rows' tokens, as floats into (E, R, C, D); it has a place. */
static size_t offset_of(const struct routing *s, size_t rows, size_t i, int32_t place)
{
    size_t row = i / (s->tokens * s->choices), expert = (size_t)place / s->capacity;
    return ((expert * rows + row) * s->capacity + (size_t)place % s->capacity) * s->width;
}

static size_t slots_size(const struct routing *s, size_t rows)
{
    return s->experts * rows * s->capacity * s->width * sizeof(float);
}

VECTORISED static void add_times(size_t n, float factor, const float *x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] += factor * x[j];
}

VECTORISED static void times(size_t n, float factor, const float *x, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = factor * x[j];
}

VECTORISED static float dot(size_t n, const float *x, const float *y)
{
    LANES_SUM(sum, n, x[j] * y[j]);
    return sum;
}

void math_dispatch(const struct routing *s, size_t rows, const float *x, const int32_t *places,
                   float *in)
{
    memset(in, 0, slots_size(s, rows));
    for (size_t i = 0; i < rows * s->tokens * s->choices; i++)
        if (places[i] >= 0)
            memcpy(in + offset_of(s, rows, i, places[i]), x + i / s->choices * s->width,
                   s->width * sizeof *in);
}

void math_dispatch_backward(const struct routing *s, size_t rows, const float *din,
                            const int32_t *places, float *dx)
{
    memset(dx, 0, rows * s->tokens * s->width * sizeof *dx);
    for (size_t i = 0; i < rows * s->tokens * s->choices; i++)
        if (places[i] >= 0)
            math_add(s->width, dx + i / s->choices * s->width,
                     din + offset_of(s, rows, i, places[i]));
}

void math_combine(const struct routing *s, size_t rows, const float *x, const float *out,
                  const int32_t *places, const float *gates, float *y)
{
    size_t size = rows * s->tokens * s->width * sizeof *y;
    if (x)
        memcpy(y, x, size);
    else
        memset(y, 0, size);
    for (size_t i = 0; i < rows * s->tokens * s->choices; i++)
        if (places[i] >= 0)
            add_times(s->width, gates[i], out + offset_of(s, rows, i, places[i]),
                      y + i / s->choices * s->width);
}

void math_combine_backward(const struct routing *s, size_t rows, const float *dy, const float *out,
                           const int32_t *places, const float *gates, float *dout, float *dgates)
{
    memset(dout, 0, slots_size(s, rows));
    for (size_t i = 0; i < rows * s->tokens * s->choices; i++) {
        const float *own = dy + i / s->choices * s->width;
        size_t at = places[i] >= 0 ? offset_of(s, rows, i, places[i]) : 0;
        dgates[i] = 0;
        if (places[i] < 0)
            continue;
        dgates[i] = dot(s->width, own, out + at);
        times(s->width, gates[i], own, dout + at);
    }
}
