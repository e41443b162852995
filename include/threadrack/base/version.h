/* The program's version, for --version and manifests. */
#ifndef THREADRACK_BASE_VERSION_H
#define THREADRACK_BASE_VERSION_H

#define THREADRACK_VERSION "0.1.0"

#ifdef __clang__
#define THREADRACK_COMPILER __VERSION__
#else
#define THREADRACK_COMPILER "gcc " __VERSION__
#endif

#endif
