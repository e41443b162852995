/* Floats rounded to what a narrower type holds, to nearest, ties to even, and still kept as floats. */
#ifndef THREADRACK_MATH_NARROW_H
#define THREADRACK_MATH_NARROW_H

#include <stddef.h>
#include <stdint.h>

/* What crosses a link for one element of a vector of floats. ELEMENT_HALF has two bytes there and is not
 * rounded: accounting only. */
enum element { ELEMENT_FP32, ELEMENT_FP16, ELEMENT_BF16, ELEMENT_HALF, ELEMENTS };

static inline size_t element_bytes(enum element element)
{
    return element == ELEMENT_FP32 ? 4 : 2;
}

/* Each value as the element holds it; above 65504 fp16 is infinite. */
void math_round(enum element element, size_t n, float *values);
/* The same values as fp16's or bf16's two bytes each; and floats again. */
void math_pack(enum element element, size_t n, const float *values, uint16_t *packed);
void math_unpack(enum element element, size_t n, const uint16_t *packed, float *values);
/* dst += src, rounded to the element. */
void math_add_as(enum element element, size_t n, float *dst, const float *src);

#endif
