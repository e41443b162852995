#include "threadrack/base/share.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct fraction {
    double rest;
    int place;
};

static int larger_first(const void *a, const void *b)
{
    const struct fraction *left = a, *right = b;
    if (left->rest != right->rest)
        return left->rest > right->rest ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

void shares_by_weight(size_t rows, const double *weights, int places, struct share *shares)
{
    struct fraction *fractions = memory_zeroed((size_t)places, sizeof *fractions);
    double sum = 0;
    size_t given = 0;
    for (int i = 0; i < places; i++)
        sum += weights[i];
    for (int i = 0; i < places; i++) {
        double quota = (double)rows * weights[i] / sum;
        shares[i].count = (size_t)floor(quota);
        fractions[i] = (struct fraction){quota - floor(quota), i};
        given += shares[i].count;
    }
    qsort(fractions, (size_t)places, sizeof *fractions, larger_first);
    for (size_t i = 0; given + i < rows; i++)
        shares[fractions[i % (size_t)places].place].count++;
    for (int i = 1; i < places; i++)
        shares[i].begin = shares[i - 1].begin + shares[i - 1].count;
    free(fractions);
}
