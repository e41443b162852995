#include "cell.h"

#include <inttypes.h>

enum { PS_DIGITS = 12 };
#define PS_PER_SECOND UINT64_C(1000000000000)

/* gnuplot splits at every comma, quoted or not, so there must be none. */
static void add_plain(struct text *row, const char *value)
{
    for (const char *c = value; *c; c++) {
        char plain = *c == ',' ? ';' : *c == '"' ? '\'' : (unsigned char)*c < ' ' ? ' ' : *c;
        text_add_bytes(row, &plain, 1);
    }
}

void cell_to_csv(struct cell cell, struct text *row)
{
    if (row->length)
        text_add(row, ",");
    switch (cell.kind) {
    case CELL_EMPTY:
        break;
    case CELL_TEXT:
        add_plain(row, cell.text);
        break;
    case CELL_WHOLE:
    case CELL_FLAG:
        text_add(row, "%" PRIu64, cell.whole);
        break;
    case CELL_REAL:
        text_add(row, "%.9g", cell.real);
        break;
    case CELL_SECONDS: /* exact: a double would round */
        text_add(row, "%" PRIu64 ".%0*" PRIu64, cell.whole / PS_PER_SECOND, PS_DIGITS,
                 cell.whole % PS_PER_SECOND);
        break;
    }
}

json_t *cell_to_json(struct cell cell)
{
    switch (cell.kind) {
    case CELL_TEXT:
        return json_string(cell.text);
    case CELL_WHOLE:
        return json_integer((json_int_t)cell.whole);
    case CELL_FLAG:
        return json_boolean(cell.whole);
    case CELL_REAL:
        return isfinite(cell.real) ? json_real(cell.real) : json_null();
    case CELL_SECONDS:
        return json_real((double)cell.whole / (double)PS_PER_SECOND);
    case CELL_EMPTY:
        break;
    }
    return json_null();
}
