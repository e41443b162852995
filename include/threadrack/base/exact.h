/* The logarithm, the same bits everywhere: libm's differ in a last bit from version to version, and
 * so would every weight and loss. Error below 1e-16 relative to max(1, |ln x|). */
#ifndef THREADRACK_BASE_EXACT_H
#define THREADRACK_BASE_EXACT_H

#include <math.h>

/* ln x for a normal positive double: x = 2^e m with m near 1, then the series of
 * 2 artanh((m - 1) / (m + 1)). */
static inline double exact_log(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    static const double terms[] = {1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                   1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3,  1.0};
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int k = 0; k < 12; k++)
        sum = sum * square + terms[k];
    return 2 * s * sum + exponent * 0.69314718055994531;
}

#endif
