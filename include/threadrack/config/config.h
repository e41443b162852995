/* Checked settings, from YAML files and key=value words. The only floor that knows libyaml.
 *
 * Every setting is one typed row: key, kind, unit, range, default, help. The same key stands in a
 * file (nested mappings are dotted: `mesh: {data: 4}` is `mesh.data=4`) and on the command line,
 * and every key can be swept: a YAML list, or `key=1,2,4` or `key=1:64:x2` (from:to:xfactor or
 * from:to:+step) on the command line, gives it several values. A later source overrides an earlier
 * one of lower rank: default < cluster file < experiment file < command line.
 *
 * All that is wrong is reported at once, each as `file:line:column: ...` (or `command line: key=...`
 * for a word), with what was expected and the nearest right word. Checked by ourselves: unknown
 * keys, duplicate keys, units, ranges, alias bombs, more than one document, empty files.
 */
#ifndef THREADRACK_CONFIG_CONFIG_H
#define THREADRACK_CONFIG_CONFIG_H

#include "threadrack/base/errors.h"
#include "threadrack/base/units.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum setting_kind {
    SETTING_QUANTITY, /* a number in `unit`, within [low, high] */
    SETTING_CHOICE,   /* one of `choices`, words separated by '|' */
    SETTING_WORD,     /* any text without control characters */
    SETTING_LIST      /* a list of texts; a list in YAML is its value, not a sweep */
};

struct setting {
    const char *key;
    enum setting_kind kind;
    enum unit unit;       /* of SETTING_QUANTITY */
    double low, high;     /* of SETTING_QUANTITY, inclusive, in the base unit */
    const char *choices;  /* of SETTING_CHOICE; or words that a quantity may be instead, or NULL.
                           * A leading '|' is ignored, so that a .def table can make the list. */
    const char *fallback; /* the default, as a user would write it; NULL: unset */
    const char *help;     /* one line */
    /* Of SETTING_WORD on the command line: whether `piece`, behind a comma, belongs to the value
     * before it (which goes on behind its end), besides those that read name=value, which always
     * do. NULL: no other does. */
    bool (*continues)(const char *value, const char *piece);
    const char *also; /* what it is called elsewhere, words separated by '|' that lead to a suggestion; or NULL */
};

struct config;

enum source { SOURCE_DEFAULT, SOURCE_CLUSTER, SOURCE_EXPERIMENT, SOURCE_COMMAND_LINE };

/* `tables`: `count` arrays of settings, each ended by a row whose key is NULL; they outlive it. */
struct config *config_create(const struct setting *const *tables, int count);
void config_free(struct config *config);

/* Reads a YAML file; `prefix` ("" or "cluster.") is put before each of its keys, except that
 * `nodes` in a cluster is the setting `nodes`. Where a key is a setting and also stands before
 * others (`cluster`, `data`), it may be a mapping whose entry `file` or `name` is the setting
 * itself: `cluster: {file: ring, link: {latency: 1us}}`. A cluster file describes one cluster: it
 * cannot sweep. Messages go to errors; false if there were any. */
bool config_read(struct config *config, const char *path, const char *prefix, enum source source,
                 struct errors *errors);
/* Gives a key one value, as a file that is not YAML means it. */
bool config_give(struct config *config, const char *key, const char *text, const char *where,
                 enum source source, struct errors *errors);
/* The same of a list: `count` items, and where each stands. */
bool config_give_list(struct config *config, const char *key, char *const *texts,
                      char *const *wheres, int count, enum source source, struct errors *errors);
/* Takes one word key=value of the command line. */
bool config_set(struct config *config, const char *word, struct errors *errors);

/* ---- Sweeps. A comma inside a member's options (`sgd:lr=0.1,momentum=0.9`) does not split:
 * a piece that looks like name=value belongs to the piece before it. Only quantities have ranges;
 * their ends may have units, as `1Gbit/s:100Gbit/s:x10` or `1us:9us:+2us`. ---- */

int config_swept_count(const struct config *config); /* keys with more than one value */
const char *config_swept_key(const struct config *config, int i); /* in order of appearance */
/* What a key was given, swept or not, and where each value stands. */
int config_value_count(const struct config *config, const char *key);
const char *config_value(const struct config *config, const char *key, int i);
const char *config_value_where(const struct config *config, const char *key, int i);
/* How many experiments: the product of all lists or, zipped, their common length. -1 and a message
 * when zipped lists differ in length, or when the product is above a million. */
long config_point_count(const struct config *config, bool zip, struct errors *errors);
/* The experiment with that number (the last key turns fastest), each key with one value. */
struct config *config_point(const struct config *config, long index, bool zip);

/* Puts another text in the place of a SETTING_WORD's one value, which keeps its source and place. */
void config_amend(struct config *config, const char *key, const char *text);

/* ---- Values: of a config whose keys have one value each. Asking for a key that is in no table, or
 * as the wrong kind, is a BUG. ---- */

bool config_is_set(const struct config *config, const char *key);   /* has a value at all */
bool config_is_given(const struct config *config, const char *key); /* not merely the default */
enum source config_source(const struct config *config, const char *key); /* where its value is from */
const char *config_text(const struct config *config, const char *key); /* as written; NULL: unset */
uint64_t config_whole(const struct config *config, const char *key);   /* in the base unit */
double config_real(const struct config *config, const char *key);
/* A choice's index in its words, also for the words of a quantity (-1 when it is a number). */
int config_choice(const struct config *config, const char *key);
bool config_on(const struct config *config, const char *key); /* of a choice "on|off" */
int config_list_count(const struct config *config, const char *key);
const char *config_list_item(const struct config *config, const char *key, int i);
/* "file:line:column" or "command line: key=value" or "default", to begin a message with. */
const char *config_where(const struct config *config, const char *key);
const char *config_list_where(const struct config *config, const char *key, int i);

/* Every key that has a value: calls visit in the tables' order. Several values are joined by commas.
 */
void config_each(const struct config *config,
                 void (*visit)(void *context, const struct setting *setting, const char *text,
                               enum source source),
                 void *context);

/* Reads `name:option=value,option=value` (or `name:value`), the way members of a family take
 * options. `text` is copied. The option `tied` may stand without its `=on`. */
struct member_text {
    char *name;
    char *positional; /* what follows the colon up to the next colon when it holds no '=', or NULL */
    char *second;     /* what follows a second colon (`mlp:64-10:tanh`), or NULL */
    int count;
    char **keys, **values; /* count of them */
};
bool member_parse(const char *text, const char *where, struct member_text *out,
                  struct errors *errors);
void member_release(struct member_text *member);

#endif
