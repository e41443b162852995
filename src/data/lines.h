/* A file of text, line by line, and the numbers on it. */
#ifndef THREADRACK_SRC_DATA_LINES_H
#define THREADRACK_SRC_DATA_LINES_H

#include "file.h"

struct lines {
    const struct data_file *file;
    struct errors *errors;
    size_t next;      /* byte at which the next line begins */
    const char *line; /* length bytes, without what ends it; not ended by a zero */
    size_t length, number;
};

/* The next line that is not blank. False at the end, or with a message at a byte that is no text's;
 * then lines->line is NULL or not. */
bool lines_next(struct lines *lines);
/* Whether lines_next has come to the end, rather than to something wrong. */
bool lines_ended(const struct lines *lines);
/* "path:line:column: what", of the place `at` on the line; returns false. */
bool lines_complain(const struct lines *lines, const char *at, const char *what);

/* A decimal number and nothing else between spaces: hexadecimal and "infinity" are words here. */
bool lines_number(const char *from, size_t length, double *out);
/* Bytes before the first of `stops`, at most `length`. */
size_t lines_span(const char *from, size_t length, const char *stops);

#endif
