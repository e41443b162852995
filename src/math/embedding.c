/* Rows of tables gathered by token and position, and their gradients scattered back in row order.
 */
#include "reference.h"

#include "threadrack/base/vectorise.h"

#include <string.h>

VECTORISED static void add_two(size_t n, const float *a, const float *b, float *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = a[j] + b[j];
}

void math_embed(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                const float *table, const float *positions, float *y)
{
    if (math_by_plain_loops()) {
        math_embed_reference(rows, tokens_per_row, width, tokens, table, positions, y);
        return;
    }
    for (size_t i = 0; i < rows * tokens_per_row; i++)
        add_two(width, table + (size_t)tokens[i] * width, positions + i % tokens_per_row * width,
                y + i * width);
}

void math_embed_backward(size_t rows, size_t tokens_per_row, size_t width, size_t vocabulary,
                         const int32_t *tokens, const float *dy, float *dtable, bool add_table,
                         float *dpositions, bool add_positions)
{
    if (math_by_plain_loops()) {
        math_embed_backward_reference(rows, tokens_per_row, width, vocabulary, tokens, dy, dtable,
                                      add_table, dpositions, add_positions);
        return;
    }
    if (dtable && !add_table)
        memset(dtable, 0, vocabulary * width * sizeof *dtable);
    if (dpositions && !add_positions)
        memset(dpositions, 0, tokens_per_row * width * sizeof *dpositions);
    for (size_t i = 0; i < rows * tokens_per_row; i++) {
        if (dtable)
            math_add(width, dtable + (size_t)tokens[i] * width, dy + i * width);
        if (dpositions)
            math_add(width, dpositions + i % tokens_per_row * width, dy + i * width);
    }
}

void math_embed_share(size_t rows, size_t tokens_per_row, size_t width, const int32_t *tokens,
                      size_t first, size_t held, const float *table, const float *positions,
                      float *y)
{
    memset(y, 0, rows * tokens_per_row * width * sizeof *y);
    for (size_t i = 0; i < rows * tokens_per_row; i++, y += width) {
        size_t token = (size_t)tokens[i];
        if (token >= first && token - first < held)
            memcpy(y, table + (token - first) * width, width * sizeof *y);
        if (positions)
            math_add(width, y, positions + i % tokens_per_row * width);
    }
}

void math_embed_share_backward(size_t count, size_t width, const int32_t *tokens, size_t first,
                               size_t held, const float *dy, float *dtable, bool add_table)
{
    if (!add_table)
        memset(dtable, 0, held * width * sizeof *dtable);
    for (size_t i = 0; i < count; i++, dy += width) {
        size_t token = (size_t)tokens[i];
        if (token >= first && token - first < held)
            math_add(width, dtable + (token - first) * width, dy);
    }
}
