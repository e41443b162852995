/* Gzip (RFC 1952), through zlib. */
#ifndef THREADRACK_SRC_DATA_INFLATE_H
#define THREADRACK_SRC_DATA_INFLATE_H

#include "threadrack/base/errors.h"

#include <stddef.h>
#include <stdint.h>

/* Whether the bytes begin as a gzip file does. */
bool inflate_begins(const uint8_t *bytes, size_t length);

/* All members of the file, one after the other, malloc'ed; NULL and a message that begins with
 * `path` when they are cut short, damaged, or more than the host has memory for. */
uint8_t *inflate_whole(const char *path, const uint8_t *bytes, size_t length, size_t *out_length,
                       struct errors *errors);

#endif
