/* Lists of widths, as in 64-128x15-10, which repeats 128 fifteen times. */
#ifndef THREADRACK_SRC_MODEL_PRESETS_WIDTHS_H
#define THREADRACK_SRC_MODEL_PRESETS_WIDTHS_H

#include <stdbool.h>
#include <stddef.h>

enum { MOST_LAYERS = 1 << 16, WIDEST = 1 << 24 };

struct widths {
    size_t *items;
    int count, room;
};

/* A whole number from 1 to `most`, and moves on; 0 when there is none. */
size_t widths_take_number(const char **text, size_t most);
/* False unless the text is `least` or more widths. The caller frees items in either case. */
bool widths_read(const char *text, int least, struct widths *widths);
/* "3x32x32": three sizes from 1. */
bool shape_read(const char *text, size_t shape[3]);

#endif
