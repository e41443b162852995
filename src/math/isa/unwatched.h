/* Products are most of what a test trains, and share nothing between threads: ThreadSanitizer need not watch each
 * of their loads, and sanitizer builds, which are of -O1, optimise them as others do. Packed blocks are not watched
 * at all: a test has their operands end at a page that cannot be read. */
#ifndef THREADRACK_SRC_MATH_ISA_UNWATCHED_H
#define THREADRACK_SRC_MATH_ISA_UNWATCHED_H

#ifndef UNWATCHED
#define UNWATCHED no_sanitize("thread")
#endif

#if !defined(__clang__) && (defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__))
#pragma GCC optimize("O2")
#endif

#endif
