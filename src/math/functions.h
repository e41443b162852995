/* exp, tanh, erf and log of our own, since those of libm differ between its versions and
 * processors. Plain multiplications and additions in a fixed order, no branches that a vectoriser
 * minds.
 */
#ifndef THREADRACK_SRC_MATH_FUNCTIONS_H
#define THREADRACK_SRC_MATH_FUNCTIONS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_of_bits(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* e^x below 2 ulp. x = n ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite 1980: ln 2 in two parts, the
 * first short enough that n times it is exact), then a polynomial for e^r (Cephes). Results that
 * would be subnormal become the least normal number, those too large the largest power. */
static inline float function_exp(float x)
{
    const float round_to_whole = 0x1.8p23f;
    x = x > 88.0f ? 88.0f : x;
    x = x < -87.0f ? -87.0f : x;
    float n = (x * 1.44269504f + round_to_whole) - round_to_whole;
    float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * (r * r) + r) + 1.0f;
    return p * float_of_bits((int32_t)(((uint32_t)(int32_t)n + 127u) << 23)); /* x may be no number */
}

/* Cephes' tanhf: an odd polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere. */
static inline float function_tanh(float x)
{
    float size = fabsf(x), s = x * x;
    float near = -5.70498872745e-3f;
    near = near * s + 2.06390887954e-2f;
    near = near * s - 5.37397155531e-2f;
    near = near * s + 1.33314422036e-1f;
    near = near * s - 3.33332819422e-1f;
    near = near * s * x + x;
    float capped = size > 20.0f ? 20.0f : size;
    float far = 1.0f - 2.0f / (function_exp(2.0f * capped) + 1.0f);
    return size < 0.625f ? near : copysignf(far, x);
}

/* Minimax polynomials by N. Juffa: for erf(x) / x near zero, for log(1 - erf x) elsewhere. */
static inline float function_erf(float x)
{
    float t = fabsf(x), s = x * x;
    float near = -5.96761703e-4f;
    near = near * s + 4.99119423e-3f;
    near = near * s - 2.67681349e-2f;
    near = near * s + 1.12819925e-1f;
    near = near * s - 3.76125336e-1f;
    near = near * s + 1.28379166e-1f;
    near = near * x + x;
    float u = t > 4.0f ? 4.0f : t;
    float far = -1.72853470e-5f * u + 3.83197126e-4f;
    far = far * (u * u) + (-3.88396438e-3f * u + 2.42546219e-2f);
    far = far * u - 1.06777877e-1f;
    far = far * u - 6.34846687e-1f;
    far = far * u - 1.28717512e-1f;
    far = 1.0f - function_exp(far * u - u);
    return t > 0.927734375f ? copysignf(far, x) : near;
}

#endif
