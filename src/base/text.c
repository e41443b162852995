#include "threadrack/base/text.h"

#include "threadrack/base/memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_release(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
    if (text->length + length + 1 > text->room) {
        text->room = 2 * (text->length + length + 1);
        text->bytes = memory_resize(text->bytes, text->room);
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

void text_add(struct text *text, const char *format, ...)
{
    char *piece = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&piece, format, arguments);
    va_end(arguments);
    if (length >= 0)
        text_add_bytes(text, piece, (size_t)length);
    free(piece);
}

enum { LONGEST_WORD = 63 };

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

int text_distance(const char *a, const char *b)
{
    /* Rows of the table of prefixes' distances: this one, the one before and the one before that. */
    int table[3][LONGEST_WORD + 1], width = (int)strnlen(b, LONGEST_WORD), i = 0;
    for (int j = 0; j <= width; j++)
        table[0][j] = j;
    for (; a[i] && i < LONGEST_WORD; i++) {
        int *row = table[(i + 1) % 3], *above = table[i % 3], *higher = table[(i + 2) % 3];
        row[0] = i + 1;
        for (int j = 0; j < width; j++) {
            row[j + 1] = least(above[j] + !same(a[i], b[j]), least(row[j], above[j + 1]) + 1);
            if (i && j && same(a[i], b[j - 1]) && same(a[i - 1], b[j]))
                row[j + 1] = least(row[j + 1], higher[j - 1] + 1);
        }
    }
    return table[i % 3][width];
}

const char *text_nearest(const char *word, const char *const *candidates, int count)
{
    int best = ((int)strlen(word) + 1) / 3 + 1;
    const char *nearest = NULL;
    for (int i = 0; i < count; i++) {
        int distance = text_distance(word, candidates[i]);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

const char *text_suggestion(const char *word, const char *const *candidates, int count)
{
    static _Thread_local char suggestion[128];
    const char *nearest = text_nearest(word, candidates, count);
    suggestion[0] = 0;
    if (nearest)
        snprintf(suggestion, sizeof suggestion, "; did you mean '%s'?", nearest);
    return suggestion;
}

void text_add_list(struct text *text, const char *const *words, int count, const char *last)
{
    for (int i = 0; i < count; i++) {
        if (i == count - 1 && i)
            text_add(text, " %s ", last);
        text_add(text, "%s%s", i && i < count - 1 ? ", " : "", words[i]);
    }
}

const char *text_alternatives(const char *word, const char *const *names, int count)
{
    static _Thread_local char alternatives[512];
    struct text list = {0};
    const char *suggestion = text_suggestion(word, names, count);
    if (*suggestion || !count)
        return suggestion;
    text_add_list(&list, names, count, "and");
    snprintf(alternatives, sizeof alternatives, "; it has %s", list.bytes);
    text_release(&list);
    return alternatives;
}
