/* The products of one training step and nothing else: what a step of the same model cannot beat
 * while its products are BLIS's. */
#ifndef THREADRACK_TESTS_BENCH_BARE_H
#define THREADRACK_TESTS_BENCH_BARE_H

#include "threadrack/math/math.h"

struct bare_product {
    enum transpose ta, tb;
    size_t m, n, k;
    size_t times; /* in a row, on the same numbers */
    float *a, *b, *c;
};

enum { BARE_MOST = 256 };

struct bare {
    int count;
    struct bare_product products[BARE_MOST];
};

/* Of "mlp:64-128-64-10", "cnn:32-64:128,input=1x28x28,outputs=10" or "gpt:layers=4,...", at that batch. An
 * image's convolution is a product with its pixels unrolled into columns, already there; attention
 * is its whole squares, causal or not. */
struct bare *bare_create(const char *model, size_t batch);
void bare_step(struct bare *bare);
void bare_free(struct bare *bare);

#endif
