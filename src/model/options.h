/* Options of a family's member, as in adamw:lr=0.001,eps=1e-8: read by one table a member. */
#ifndef THREADRACK_SRC_MODEL_OPTIONS_H
#define THREADRACK_SRC_MODEL_OPTIONS_H

#include "threadrack/base/errors.h"

enum option_kind {
    OPTION_REAL,
    OPTION_COUNT, /* a whole number */
    OPTION_SWITCH /* on (1) or off (0) */
};

/* A row; a table ends with a row whose name is NULL. */
struct option {
    const char *name;
    enum option_kind kind;
    double fallback, least, most; /* inclusive; of a switch only the first */
};

/* Fills a value for each row. All that is wrong is said; `all` is the member's options in words,
 * "lr=0.1,momentum=0". */
bool options_read(const struct option *table, const char *text, const char *all, const char *where,
                  double *values, struct errors *errors);

#endif
