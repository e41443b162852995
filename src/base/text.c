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

int text_distance(const char *a, const char *b)
{
    int row[LONGEST_WORD + 1], width = (int)strnlen(b, LONGEST_WORD);
    for (int j = 0; j <= width; j++)
        row[j] = j;
    for (int i = 0; a[i] && i < LONGEST_WORD; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < width; j++) {
            bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
            int best = diagonal + !same;
            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (diagonal + 1 < best)
                best = diagonal + 1;
            row[j + 1] = best;
        }
    }
    return row[width];
}

const char *text_nearest(const char *word, const char *const *candidates, int count)
{
    int allowed = (int)strlen(word) / 3, best = allowed < 2 ? 3 : allowed + 1;
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
