/* A table of words with aligned columns, for a person. */
#ifndef THREADRACK_OUTPUT_TABLE_H
#define THREADRACK_OUTPUT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

struct table {
    int columns;
    char **cells; /* row after row, the first is the heading; owned */
    int count, room;
};

/* Appends a cell; rows follow from the number of columns. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints it, indented by two: numbers to the right, words to the left. A column that is empty in
 * every row is left out. */
void table_print(const struct table *table, FILE *stream);
void table_release(struct table *table);

/* A unit in which figures of that size read well: "ms" and 1e3. */
struct time_unit {
    const char *name;
    double per_second;
};
struct time_unit time_unit_for(double smallest_s);
/* "1.234 ms" with four digits, or "-" where there is no number. Valid until the thread's next four
 * calls. */
const char *time_words(double seconds);
/* "12.3 %", likewise. */
const char *share_words(double share);
/* A number with so many decimals, likewise. */
const char *number_words(double value, int decimals);

#endif
