/* How the element-wise files are compiled. Included after the libraries, before what is inlined.
 *
 * gcc's -O2 leaves most loops scalar, so these files ask for -O3, and hot loops are compiled for
 * wider registers as well and chosen when the program is loaded. That changes no bit: every loop so
 * marked is element-wise or sums in lanes that the source names, and nothing is contracted to fused
 * multiply-adds. Sanitizers cannot run the code that chooses, so they get the plain version.
 */
#ifndef THREADRACK_BASE_VECTORISE_H
#define THREADRACK_BASE_VECTORISE_H

#ifndef __clang__
#pragma GCC optimize("O3", "fp-contract=off", "no-math-errno", "no-trapping-math", "no-thread-jumps")
#endif

#if defined(__x86_64__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) &&                 \
    !defined(__SANITIZE_ADDRESS__) && !defined(THREADRACK_PLAIN)
#define VECTORISED __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define VECTORISED
#endif

#endif
