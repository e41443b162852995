/* Large products of our own on AVX2 and AVX-512. BLIS 0.9's haswell kernels leave loads from the second
 * cache and from memory in the open that these ask for ahead of time; its skx kernels run at three
 * quarters of what a core can. */
#ifndef THREADRACK_SRC_MATH_PACKED_H
#define THREADRACK_SRC_MATH_PACKED_H

#include <stdbool.h>
#include <stddef.h>

/* op(X) as stored: rows `stride` apart; turned, its columns are those rows. */
struct operand {
    const float *at;
    size_t stride;
    bool turned;
};

enum { PACKED_LEAST = 16 }; /* m's least */

/* C (m, n) = alpha a (m, k) b (k, n) + beta C, as math_gemm's. */
struct large_product {
    size_t m, n, k;
    struct operand a, b;
    float alpha, beta;
    float *c;
    size_t c_stride;
};

/* By the shape and the kernels that were chosen alone. */
bool packed_takes(size_t m, size_t n, size_t k);
/* By the tiles that were chosen, which must not be the generic ones. */
void packed_product(const struct large_product *product);
/* What a product in flight holds. */
size_t packed_room_bytes(void);

#endif
