/* The product by plain loops: slow, obvious, and the same everywhere. Sums run over k in order. */
#include "threadrack/math/math.h"

static float element(enum transpose t, const float *a, size_t stride, size_t row, size_t column)
{
    return t == PLAIN ? a[row * stride + column] : a[column * stride + row];
}

void math_gemm_reference(enum transpose ta, enum transpose tb, size_t m, size_t n, size_t k,
                         float alpha, const float *a, size_t a_stride, const float *b,
                         size_t b_stride, float beta, float *c, size_t c_stride)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += element(ta, a, a_stride, i, l) * element(tb, b, b_stride, l, j);
            float *to = &c[i * c_stride + j];
            *to = beta == 0 ? alpha * sum : alpha * sum + beta * *to;
        }
}
