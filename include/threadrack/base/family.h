/* Families: tables of members that can be named. A table is an array of pointers, NULL at its end,
 * each to a struct that begins with its member's name (`const char *name`). */
#ifndef THREADRACK_BASE_FAMILY_H
#define THREADRACK_BASE_FAMILY_H

#include "threadrack/base/errors.h"

/* The member that `word` names, up to its first ':' when members take options. Else NULL and a
 * message: where, "no <what> is called ...", the nearest name, and that `threadrack list <family>`
 * prints them all. */
enum family_words { FAMILY_PLAIN, FAMILY_WITH_OPTIONS };
const void *family_find(const void *table, enum family_words words, const char *what,
                        const char *family, const char *word, const char *where,
                        struct errors *errors);

#endif
