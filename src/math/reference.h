/* The plain loops in float, and whether they were chosen. */
#ifndef THREADRACK_SRC_MATH_REFERENCE_H
#define THREADRACK_SRC_MATH_REFERENCE_H

#include "threadrack/math/convolution.h"
#include "threadrack/math/transformer.h"

#define NAMED(name) math_##name##_reference
#define real        float
#include "reference/declare.h"
#undef NAMED
#undef real

bool math_by_plain_loops(void); /* math.kernel=reference */

#endif
