/* Numbers in one word, as `4x4x8` or, in a file, `4,4,8` (on the command line a comma would begin
 * the next value of a sweep). */
#ifndef THREADRACK_SRC_CLUSTER_NUMBERS_H
#define THREADRACK_SRC_CLUSTER_NUMBERS_H

#include "threadrack/config/config.h"

enum { MOST_NUMBERS = 16, MOST_PRODUCT = 1000000 };

struct numbers {
    int count;
    int values[MOST_NUMBERS]; /* each 1 or more */
};

/* Reads the key's text, whose product is at most MOST_PRODUCT. */
bool numbers_read(const struct config *config, const char *key, struct numbers *out,
                  struct errors *errors);
/* Reads a text of `length` bytes; false when it is not numbers, each of 1 to MOST_PRODUCT. */
bool numbers_parse(const char *text, size_t length, struct numbers *out);
int64_t numbers_product(const struct numbers *numbers); /* above MOST_PRODUCT: MOST_PRODUCT + 1 */

#endif
