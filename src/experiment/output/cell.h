/* One value of a row, which a CSV file and JSON each write in their own way. */
#ifndef THREADRACK_OUTPUT_CELL_H
#define THREADRACK_OUTPUT_CELL_H

#include "threadrack/base/text.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct cell {
    enum cell_kind { CELL_EMPTY, CELL_TEXT, CELL_WHOLE, CELL_REAL, CELL_SECONDS, CELL_FLAG } kind;
    const char *text;
    uint64_t whole; /* of CELL_SECONDS: picoseconds */
    double real;
};

static inline struct cell empty(void)
{
    return (struct cell){.kind = CELL_EMPTY};
}
static inline struct cell text(const char *value)
{
    return value && *value ? (struct cell){.kind = CELL_TEXT, .text = value} : empty();
}
static inline struct cell whole(uint64_t value)
{
    return (struct cell){.kind = CELL_WHOLE, .whole = value};
}
static inline struct cell real(double value)
{
    return isnan(value) ? empty() : (struct cell){.kind = CELL_REAL, .real = value};
}
static inline struct cell seconds(uint64_t ps)
{
    return (struct cell){.kind = CELL_SECONDS, .whole = ps};
}
static inline struct cell flag(bool value)
{
    return (struct cell){.kind = CELL_FLAG, .whole = value};
}
static inline struct cell when(bool known, struct cell cell)
{
    return known ? cell : empty();
}

/* Appends the cell, and a comma before it unless the row is empty. */
void cell_to_csv(struct cell cell, struct text *row);
json_t *cell_to_json(struct cell cell);

#endif
