/* Functions that give the same bits everywhere: libm's differ in a last bit from version to version,
 * and so would every weight and loss. */
#ifndef THREADRACK_BASE_EXACT_H
#define THREADRACK_BASE_EXACT_H

#include <math.h>
#include <stdint.h>

/* ln x for a normal positive double: x = 2^e m with m near 1, then the series of
 * 2 artanh((m - 1) / (m + 1)). Error below 1e-16 relative to max(1, |ln x|). */
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

/* base^exponent, by squaring. */
static inline double exact_power(double base, uint64_t exponent)
{
    double result = 1;
    for (; exponent; exponent >>= 1, base *= base)
        if (exponent & 1)
            result *= base;
    return result;
}

/* cos(pi x) for x from 0 to 1: sin(pi (1/2 - x)) by Taylor's series. Error below 1e-15. */
static inline double exact_cos_pi(double x)
{
    double y = 3.14159265358979324 * (0.5 - x), term = y, sum = y;
    for (int n = 1; n < 12; n++) {
        term *= -y * y / (2 * n * (2 * n + 1));
        sum += term;
    }
    return sum > 1 ? 1 : sum < -1 ? -1 : sum;
}

/* e^x, likewise; 0 below -745, huge above 709. x = k ln 2 + r with |r| <= ln 2 / 2, then Taylor's series
 * of r in Horner's form. Relative error below 1e-15. */
static inline double exact_exp(double x)
{
    if (x < -745)
        return 0;
    if (x > 709)
        return 8.2184074615549724e307;
    double k = floor(x * 1.4426950408889634 + 0.5), sum = 1;
    double r = (x - k * 0.693147180369123816) - k * 1.90821492927058770e-10;
    for (int n = 17; n > 0; n--)
        sum = 1 + sum * r / n;
    return ldexp(sum, (int)k);
}

#endif
