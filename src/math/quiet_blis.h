/* <blis.h>, whose inline functions our warnings would otherwise bury. */
#ifndef THREADRACK_SRC_MATH_QUIET_BLIS_H
#define THREADRACK_SRC_MATH_QUIET_BLIS_H
#pragma GCC system_header
#include <blis.h>
#endif
