/* A permutation of any size that takes no memory, for epochs too long to be kept as a list.
 *
 * A Feistel network over the next power of four, whose round function is Philox, applied until the
 * result is below the count (Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002:
 * cycle walking, on the average less than four times).
 */
#ifndef THREADRACK_SRC_DATA_SCATTER_H
#define THREADRACK_SRC_DATA_SCATTER_H

#include <stddef.h>
#include <stdint.h>

/* Where the epoch's permutation of [0, count) takes `position`, below count. */
size_t scatter(uint64_t seed, size_t epoch, size_t count, size_t position);

#endif
