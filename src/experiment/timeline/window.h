/* Which steps, or which nodes, a timeline shows. Private to the experiment. */
#ifndef EXPERIMENT_TIMELINE_WINDOW_H
#define EXPERIMENT_TIMELINE_WINDOW_H

#include "threadrack/base/errors.h"

#include <stdbool.h>

enum { WINDOW_RANGES = 64 };

struct window {
    struct {
        int from, to; /* inclusive */
    } ranges[WINDOW_RANGES];
    int count;
};

/* "5", "10:12", ranges joined by +, or "all". A message and false when it is none of these, or when
 * `strict` and it reaches outside `low` to `high`; else what is outside is cut off. `what` is what is
 * counted: "step". */
bool window_parse(const char *text, int low, int high, bool strict, const char *what,
                  const char *where, struct window *window, struct errors *errors);
bool window_has(const struct window *window, int i);
/* How many of low to high it has. */
int window_count(const struct window *window, int low, int high);

#endif
