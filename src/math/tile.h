/* Products of our own for shapes that BLIS is slow at or would need copies for: convolutions,
 * attention, layers of a few outputs.
 *
 *   C (m, n) = [C +] sum over k of a(m, k) * b(k, n)
 *
 * where element a(i, l) is a[i * a_row + l * a_k], row l of b is contiguous at b + offsets[l], and
 * row i of C at c + i * c_row. So a may be stored either way round, and b's rows may overlap: a
 * convolution's are shifts of one padded image, and nothing is unrolled into columns.
 *
 * A tile of C stays in registers while k runs; each element is one chain of fused multiply-adds
 * over k in order, from zero, whatever the tile's height and width. So avx2 and avx512 give the
 * same bits; generic multiplies and adds, and gives others.
 */
#ifndef THREADRACK_SRC_MATH_TILE_H
#define THREADRACK_SRC_MATH_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct product {
    size_t m, n, k;
    const float *a;
    size_t a_row, a_k;
    const float *b;
    const uint32_t *offsets; /* (k), in floats */
    float *c;
    size_t c_row;
    bool add; /* to what is in C; else C need not be initialised */
};

/* A height and width that are whole tiles for every choice: causal blocks begin at their multiples,
 * so that which zeros are multiplied does not depend on the processor. */
enum { TILE_BLOCK = 24 };

typedef void tile_multiply(const struct product *product);
tile_multiply tile_generic, tile_avx2, tile_avx512;

/* Takes those that go with BLIS's kernels of that name: avx512 with skx, generic with generic, else
 * avx2 where the processor has it. Called by math_start. */
void tile_choose(const char *kernel);
bool tile_is_wide(void); /* avx2 or avx512 */
bool tile_is_avx512(void);
void tile_product(const struct product *product);

/* to (columns, rows) = from (rows, columns)^T, whose rows are `stride` apart. */
void tile_turn(size_t rows, size_t columns, const float *from, size_t stride, float *to);

/* offsets[l] = l * stride. */
void tile_rows(size_t k, size_t stride, uint32_t *offsets);

#endif
