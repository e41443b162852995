/* Softmax cross-entropy with its gradient, and the accuracy's argmax. */
#include "threadrack/math/math.h"

#include "threadrack/base/vectorise.h"

#include "functions.h"
#include "lanes.h"
#include "reference.h"

#include "threadrack/base/exact.h"

VECTORISED static float largest(size_t n, const float *values)
{
    return lanes_most(n, values, values[0]);
}

VECTORISED static float sum_of_exp(size_t n, const float *values, float shift)
{
    LANES_SUM(sum, n, function_exp(values[j] - shift));
    return sum;
}

VECTORISED static void write_probabilities(size_t n, const float *values, float shift, float factor,
                                           float *out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = factor * function_exp(values[j] - shift);
}

double math_softmax_loss(size_t rows, size_t n, const float *logits, const int32_t *labels,
                         float scale, float *gradient)
{
    double total = 0;
    if (math_by_plain_loops())
        return math_softmax_loss_reference(rows, n, logits, labels, scale, gradient);
    for (size_t i = 0; i < rows; i++) {
        const float *row = logits + i * n;
        float shift = largest(n, row), sum = sum_of_exp(n, row, shift);
        total += exact_log((double)sum) - ((double)row[labels[i]] - (double)shift);
        if (gradient) {
            write_probabilities(n, row, shift, scale / sum, gradient + i * n);
            gradient[i * n + (size_t)labels[i]] -= scale;
        }
    }
    return (double)scale * total;
}

static bool has_class(size_t n, size_t first, int32_t label)
{
    return (size_t)label >= first && (size_t)label - first < n;
}

void math_softmax_parts(size_t rows, size_t n, size_t first, const float *logits,
                        const int32_t *labels, float *parts)
{
    for (size_t i = 0; i < rows; i++, parts += SOFTMAX_PARTS) {
        const float *row = logits + i * n;
        parts[0] = largest(n, row);
        parts[1] = sum_of_exp(n, row, parts[0]);
        parts[2] = has_class(n, first, labels[i]) ? row[(size_t)labels[i] - first] : 0;
    }
}

/* One row's parts of all classes; those of the next rank are `stride` floats on. */
static void join_parts(size_t ranks, size_t stride, const float *parts, float joined[SOFTMAX_PARTS])
{
    joined[0] = parts[0];
    joined[1] = joined[2] = 0;
    for (size_t rank = 1; rank < ranks; rank++)
        joined[0] = parts[rank * stride] > joined[0] ? parts[rank * stride] : joined[0];
    for (size_t rank = 0; rank < ranks; rank++, parts += stride) {
        joined[1] += parts[1] * function_exp(parts[0] - joined[0]);
        joined[2] += parts[2];
    }
}

double math_softmax_of_parts(size_t rows, size_t n, size_t first, const float *logits,
                             const int32_t *labels, size_t ranks, const float *parts, float scale,
                             float *gradient)
{
    double total = 0;
    for (size_t i = 0; i < rows; i++) {
        float all[SOFTMAX_PARTS];
        join_parts(ranks, rows * SOFTMAX_PARTS, parts + i * SOFTMAX_PARTS, all);
        total += exact_log((double)all[1]) - ((double)all[2] - (double)all[0]);
        write_probabilities(n, logits + i * n, all[0], scale / all[1], gradient + i * n);
        if (has_class(n, first, labels[i]))
            gradient[i * n + (size_t)labels[i] - first] -= scale;
    }
    return (double)scale * total;
}

/* In lanes too, of doubles. */
VECTORISED static double squares(size_t n, const float *y, const float *targets)
{
    double lanes[LANES] = {0}, sum = 0;
    for (size_t j = 0; j < n; j++) {
        double off = (double)y[j] - (double)targets[j];
        lanes[j % LANES] += off * off;
    }
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

VECTORISED static void differences(size_t n, const float *y, const float *targets, float factor,
                                   float *out)
{
    for (size_t j = 0; j < n; j++)
        out[j] = factor * (y[j] - targets[j]);
}

double math_squared_loss(size_t rows, size_t n, const float *y, const float *targets, float scale,
                         float *gradient)
{
    double total = 0;
    if (math_by_plain_loops())
        return math_squared_loss_reference(rows, n, y, targets, scale, gradient);
    for (size_t i = 0; i < rows; i++)
        total += squares(n, y + i * n, targets + i * n);
    if (gradient)
        differences(rows * n, y, targets, 2 * scale, gradient);
    return (double)scale * total;
}

void math_argmax(size_t rows, size_t n, const float *values, int32_t *out)
{
    for (size_t i = 0; i < rows; i++) {
        size_t best = 0;
        for (size_t j = 1; j < n; j++)
            if (values[i * n + j] > values[i * n + best])
                best = j;
        out[i] = (int32_t)best;
    }
}
