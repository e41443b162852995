/* The digits as text; see digits_data.c for where they come from. */
#ifndef THREADRACK_SRC_DATA_DIGITS_DATA_H
#define THREADRACK_SRC_DATA_DIGITS_DATA_H

enum { DIGITS_ROWS = 1797, DIGITS_SIDE = 8, DIGITS_WIDTH = 64 };
enum { DIGITS_CLASSES = 10, DIGITS_BRIGHTEST = 16 };

extern const char digits_data[DIGITS_ROWS][DIGITS_WIDTH + 2];

#endif
