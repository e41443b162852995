/* Strings that grow, and the nearest right word. */
#ifndef THREADRACK_BASE_TEXT_H
#define THREADRACK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *bytes; /* always ends in a zero byte; NULL only before the first append */
    size_t length, room;
};

void text_release(struct text *text);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const char *bytes, size_t length);

/* How many letters are wrong, missing, too many or swapped with the next (Damerau 1964); case is ignored. */
int text_distance(const char *a, const char *b);
/* The candidate nearest to the word, or NULL when none is within a third of its length, rounded: with three letters
 * one may be wrong, with five two. */
const char *text_nearest(const char *word, const char *const *candidates, int count);
/* "; did you mean 'x'?" or "", for the end of a message; valid until the thread's next call. */
const char *text_suggestion(const char *word, const char *const *candidates, int count);

/* Adds "a, b and c", where `last` is "and". */
void text_add_list(struct text *text, const char *const *words, int count, const char *last);
/* The end of a message about a name that is none of these: the suggestion or, where no name is near, "; it has a, b
 * and c". Valid until the thread's next call. */
const char *text_alternatives(const char *word, const char *const *names, int count);

#endif
