#include "threadrack/base/family.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>

/* Every member begins with its name. */
static const char *name_of(const void *member)
{
    return *(const char *const *)member;
}

enum { MEMBERS_MOST = 64 };

/* Options begin at a colon: `sgd,lr=0.1` and `sgd(lr=0.1)` are no names. */
static bool begins_options(const char *word, const char *const *names, int count, const char *where,
                           struct errors *errors)
{
    size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_");
    for (int i = 0; i < count && strchr("=,( ", word[length]); i++)
        if (word[length] && strlen(names[i]) == length && !strncmp(word, names[i], length))
            return !errors_add(errors, "%s: '%s': options of %s stand behind a colon, as in %s:option=value",
                               where, word, names[i], names[i]);
    return false;
}

const void *family_find(const void *table, enum family_words words, const char *what,
                        const char *family, const char *word, const char *where,
                        struct errors *errors)
{
    const void *const *members = table;
    const char *names[MEMBERS_MOST];
    size_t length = words == FAMILY_WITH_OPTIONS ? strcspn(word, ":") : strlen(word);
    int count = 0;
    for (; members[count] && count < MEMBERS_MOST; count++) {
        names[count] = name_of(members[count]);
        if (strlen(names[count]) == length && !strncmp(word, names[count], length))
            return members[count];
    }
    if (words == FAMILY_WITH_OPTIONS && begins_options(word, names, count, where, errors))
        return NULL;
    char *name = memory_text("%.*s", (int)length, word);
    errors_add(errors, "%s: no %s is called '%s'%s (threadrack list %s)", where, what, name,
               text_suggestion(name, names, count), family);
    free(name);
    return NULL;
}
