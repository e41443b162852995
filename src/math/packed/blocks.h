/* The blocks that a large product is cut into, the same for every width of register: so avx2 and avx512
 * give the same bits. */
#ifndef THREADRACK_SRC_MATH_PACKED_BLOCKS_H
#define THREADRACK_SRC_MATH_PACKED_BLOCKS_H

#include "../packed.h"

/* A block of a has at most ROWS rows, one of b at most COLUMNS columns, and both DEEP of k. */
enum { DEEP = 320, ROWS = 280, COLUMNS = 1024 };
enum { SLACK = 16 }; /* floats behind a packed block that packing may write to */

/* Packed blocks of one product in flight. */
struct room {
    struct room *next;
    float *a, *b;
};

typedef void packed_multiply(const struct large_product *product, const struct room *room);
packed_multiply packed_avx2, packed_avx512;

/* The largest pieces, but for the last, that cut `all` evenly, are at most `most` and multiples of
 * `unit`. */
static inline size_t even_piece(size_t all, size_t most, size_t unit)
{
    size_t pieces = (all + most - 1) / most, piece = (all + pieces - 1) / pieces;
    return (piece + unit - 1) / unit * unit;
}

#endif
