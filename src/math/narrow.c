/* IEEE 754's binary16 has 10 bits of fraction and normal exponents from -14, bfloat16 has 7 bits and the
 * exponents of a float. Rounding is done on the bits, since not every processor has the conversions. */
#include "threadrack/math/narrow.h"

#include "threadrack/math/math.h"

#include "threadrack/base/vectorise.h"

#include <math.h>
#include <string.h>

static inline uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Cuts the lowest `cut` bits of the fraction, to nearest even. A carry goes into the exponent. */
static inline float round_fraction(float x, int cut)
{
    uint32_t bits = bits_of(x), half = (1u << (cut - 1)) - 1;
    bits += half + (bits >> cut & 1);
    return float_of(bits & ~((1u << cut) - 1));
}

static inline float round_bf16(float x)
{
    return x != x ? x : round_fraction(x, 16);
}

/* Below 2^-14 fp16's values are 2^-24 apart, as a float's are next to 0.75. */
static inline float round_fp16(float x)
{
    float size = x < 0 ? -x : x, small = (x + 0.75f) - 0.75f, normal = round_fraction(x, 13);
    float rounded = size < 0x1p-14f ? small : normal;
    float infinite = x < 0 ? -HUGE_VALF : HUGE_VALF;
    return x != x ? x : size >= 65520.0f ? infinite : rounded;
}

VECTORISED static void all_bf16(size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = round_bf16(values[i]);
}

VECTORISED static void all_fp16(size_t n, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = round_fp16(values[i]);
}

void math_round(enum element element, size_t n, float *values)
{
    if (element == ELEMENT_BF16)
        all_bf16(n, values);
    else if (element == ELEMENT_FP16)
        all_fp16(n, values);
}

/* A float that fp16 holds, as its bits: the exponents are 112 apart; below 2^-14 it is a multiple of 2^-24. */
static uint16_t fp16_bits(float x)
{
    uint32_t sign = bits_of(x) >> 16 & 0x8000u, size = bits_of(x) & 0x7FFFFFFFu;
    if (size > 0x7F800000u)
        return (uint16_t)(sign | 0x7E00u);
    if (size == 0x7F800000u)
        return (uint16_t)(sign | 0x7C00u);
    if (size < 0x38800000u) /* 2^-14 */
        return (uint16_t)(sign | (uint32_t)(float_of(size) * 0x1p24f));
    return (uint16_t)(sign | (size - 0x38000000u) >> 13);
}

static float fp16_value(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u, fraction = bits & 1023u;
    if (exponent == 0)
        return float_of(sign | bits_of((float)fraction * 0x1p-24f));
    if (exponent == 31)
        return float_of(sign | 0x7F800000u | fraction << 13);
    return float_of(sign | ((exponent + 112) << 23) | fraction << 13);
}

void math_pack(enum element element, size_t n, const float *values, uint16_t *packed)
{
    for (size_t i = 0; i < n; i++)
        packed[i] = element == ELEMENT_FP16 ? fp16_bits(round_fp16(values[i]))
                                            : (uint16_t)(bits_of(round_bf16(values[i])) >> 16);
}

void math_unpack(enum element element, size_t n, const uint16_t *packed, float *values)
{
    for (size_t i = 0; i < n; i++)
        values[i] = element == ELEMENT_FP16 ? fp16_value(packed[i]) : float_of((uint32_t)packed[i] << 16);
}

void math_add_as(enum element element, size_t n, float *dst, const float *src)
{
    math_add(n, dst, src);
    math_round(element, n, dst);
}
