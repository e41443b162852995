/* The kinds of layers that a file can name, and their options. */
#ifndef THREADRACK_SRC_MODEL_PRESETS_FILE_KINDS_H
#define THREADRACK_SRC_MODEL_PRESETS_FILE_KINDS_H

#include "file_layers.h"

enum file_value {
    VALUE_NONE,
    VALUE_COUNT,  /* from 1 */
    VALUE_ZERO,   /* from 0 */
    VALUE_OUT,    /* from 1, or the word `classes`, which is CLASSES_OF_DATA */
    VALUE_SWITCH, /* on or off */
    VALUE_REAL,   /* from 0, of three decimals, in thousandths */
    VALUE_ACTIVATION
};
#define CLASSES_OF_DATA SIZE_MAX
enum { REQUIRED = -1 };

struct file_kind {
    const char *name;
    struct {
        const char *name;
        enum file_value kind;
        int fallback; /* REQUIRED: there is none */
    } key[FILE_VALUES]; /* the first may be given as the layer's value */
    bool (*add)(struct chain *chain, const size_t *value);
};

extern const struct file_kind file_kinds[]; /* the last has no name */
enum { FILE_KINDS = 10 };

#endif
