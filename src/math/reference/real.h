/* What the plain loops compute with: float, or, where a test says so before it includes their
 * sources, double, in which finite differences can be taken. */
#ifndef THREADRACK_SRC_MATH_REFERENCE_REAL_H
#define THREADRACK_SRC_MATH_REFERENCE_REAL_H

#include "threadrack/base/exact.h"
#include "threadrack/math/convolution.h"
#include "threadrack/math/transformer.h"

#include "../functions.h"

#include <math.h>

#ifdef REAL_IS_DOUBLE
typedef double real;
#define NAMED(name)    name##_in_double
#define REAL(function) function
#else
typedef float real;
#define NAMED(name)    math_##name##_reference
#define REAL(function) function_##function
#define function_sqrt  sqrtf
#endif

#include "declare.h"

#endif
