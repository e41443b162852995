/* What a config is made of; private to this floor. */
#ifndef THREADRACK_SRC_CONFIG_INSIDE_H
#define THREADRACK_SRC_CONFIG_INSIDE_H

#include "threadrack/config/config.h"
#include "threadrack/config/tree.h"

struct value {
    char *text, *where;
    struct quantity quantity; /* of SETTING_QUANTITY that is a number */
    int choice;               /* the word's index, or -1 */
};

/* A setting and what it was given: one value, or several to sweep, or the items of a list. */
struct entry {
    const struct setting *setting;
    enum source source;
    bool given;     /* by `source`, even when what it gave was wrong */
    int appearance; /* sweeps are ordered by it */
    struct value *values;
    int count, room;
};

struct config {
    struct entry *entries; /* in the tables' order */
    int count, room;
    int appearances;
    const char **keys; /* count of them, for suggestions */
};

/* NULL when no table has it. */
struct entry *config_find(const struct config *config, const char *key);
/* The entry that a user's key means: itself, or K for `K.file` and `K.name` of a setting K. */
struct entry *config_find_named(const struct config *config, const char *key);
bool entry_is_swept(const struct entry *entry);

/* Begins to give an entry values from a source. TAKEN: those of lower rank are forgotten;
 * OVERRIDDEN: a source of higher rank has given it, so that the new ones are only checked; TWICE: a
 * second time from one source, which is an error. */
enum giving { GIVING_TAKEN, GIVING_OVERRIDDEN, GIVING_TWICE };
enum giving entry_begin(struct config *config, struct entry *entry, enum source source,
                        const char *where, struct errors *errors);
/* Checks the text against the setting and, when `take`, adds it to the values. `subject` is what a
 * message names besides the place; "" when the place shows key and value. */
bool entry_add(struct entry *entry, const char *text, const char *where, const char *subject,
               bool take, struct errors *errors);
void entry_clear(struct entry *entry);

/* The index of a word among `choices`, or -1. */
int choice_index(const char *choices, const char *word);
/* Splits choices into at most `room` words, whose bytes are put into *storage (to be freed). */
int choice_words(const char *choices, const char **words, int room, char **storage);

/* A text on the command line, cut into the values that it stands for. */
struct pieces {
    char **texts;
    int count, room;
};
bool pieces_split(const struct setting *setting, const char *text, const char *where,
                  struct pieces *pieces, struct errors *errors);
void pieces_release(struct pieces *pieces);

/* Whether the piece is an option that may stand without "=on": it is then no value of a list. */
bool option_is_flag(const char *piece, int length);

/* The end of a message about a key that no table has: the key that other programs' word stands for, or that ends so, or
 * that is near, else where to look them up. Valid until the thread's next call. */
const char *key_suggestion(const struct config *config, const char *key);

/* Reads a whole file of at most `limit` bytes; NULL and a message when it cannot. */
char *file_load(const char *path, size_t limit, size_t *length, struct errors *errors);

#endif
