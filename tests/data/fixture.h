/* Files of a test's own, data sets opened, and their rows looked at. */
#ifndef THREADRACK_TESTS_DATA_FIXTURE_H
#define THREADRACK_TESTS_DATA_FIXTURE_H

#include "tests/check.h"

#include "threadrack/base/text.h"
#include "threadrack/data/data.h"

enum { CONTEXT = 16 }; /* of what is opened here */

/* A data set of files of these bytes. The path of `name` among the test's own files is
 * fixture_path(name), valid for the next eight calls; fixture_clear removes them all. */
const char *fixture_path(const char *name);
void fixture_write(const char *name, const void *bytes, size_t length);
void fixture_gzip(const char *name, const void *bytes, size_t length);
void fixture_clear(void);

/* Opens what must open. */
struct dataset *fixture_open(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Opens what must be refused, with a message that holds `expected`. */
void fixture_refused(const char *expected, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A row's input and targets, one after the other, as elements of four bytes; to be freed. */
int32_t *fixture_row(const struct dataset *set, size_t row);
float value_at(const struct dataset *set, size_t row, size_t column);
int32_t token_at(const struct dataset *set, size_t row, size_t column);
int32_t label_at(const struct dataset *set, size_t row);
float target_at(const struct dataset *set, size_t row, size_t column);

/* What every set promises: rows in range, the same each time and as in `same`. */
void fixture_check_rows(const struct dataset *set, const struct dataset *same);

#endif
