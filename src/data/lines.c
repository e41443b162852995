#include "lines.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_NUMBER = 63 };

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static bool is_blank(const struct lines *lines)
{
    for (size_t i = 0; i < lines->length; i++)
        if (!is_space(lines->line[i]))
            return false;
    return true;
}

bool lines_ended(const struct lines *lines)
{
    return lines->line == NULL;
}

/* What some editors and spreadsheets begin a file of UTF-8 with; it is no part of the first line. */
static void skip_byte_order_mark(struct lines *lines)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    if (lines->next == 0 && lines->file->length >= sizeof mark && !memcmp(lines->file->bytes, mark, sizeof mark))
        lines->next = sizeof mark;
}

bool lines_next(struct lines *lines)
{
    const struct data_file *file = lines->file;
    skip_byte_order_mark(lines);
    while (lines->next < file->length) {
        const char *line = (const char *)file->bytes + lines->next;
        size_t left = file->length - lines->next;
        const char *end = memchr(line, '\n', left);
        lines->line = line;
        lines->length = end ? (size_t)(end - line) : left;
        lines->next += lines->length + 1;
        lines->number++;
        const char *zero = memchr(line, 0, lines->length);
        if (zero)
            return lines_complain(lines, zero, "a zero byte: this is not a text file");
        if (!is_blank(lines))
            return true;
    }
    lines->line = NULL;
    return false;
}

bool lines_complain(const struct lines *lines, const char *at, const char *what)
{
    size_t column = lines->line ? (size_t)(at - lines->line) + 1 : 1;
    size_t number = lines->line ? lines->number : 1;
    return errors_add(lines->errors, "%s:%zu:%zu: %s", lines->file->path, number, column, what);
}

bool lines_number(const char *from, size_t length, double *out)
{
    char *end, cell[LONGEST_NUMBER + 1];
    while (length && is_space(*from))
        from++, length--;
    while (length && is_space(from[length - 1]))
        length--;
    if (!length || length > LONGEST_NUMBER)
        return false;
    memcpy(cell, from, length);
    cell[length] = 0;
    if (strspn(cell, "+-.0123456789eE") < length)
        return false;
    *out = strtod(cell, &end);
    return !*end;
}

size_t lines_span(const char *from, size_t length, const char *stops)
{
    size_t span = 0;
    while (span < length && !strchr(stops, from[span]))
        span++;
    return span;
}
