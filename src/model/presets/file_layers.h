/* The layers of a YAML file, each with the place where it stands. */
#ifndef THREADRACK_SRC_MODEL_PRESETS_FILE_LAYERS_H
#define THREADRACK_SRC_MODEL_PRESETS_FILE_LAYERS_H

#include "../chain.h"

#include "threadrack/config/tree.h"

enum { FILE_VALUES = 7 };

struct file_kind; /* a kind of layer, and what can be said of it */

struct file_layer {
    const struct file_kind *kind;
    size_t value[FILE_VALUES]; /* in the order of the kind's keys */
    int line, column;
};

struct file_layers {
    struct file_layer *items;
    int count, room;
};

/* Reads a list of layers; all that is wrong is said. */
bool file_layers_read(const struct tree *list, const char *path, struct file_layers *out,
                      struct errors *errors);
/* Appends the layers to the chain; `classes` is what the word stands for. */
bool file_layers_make(const struct file_layers *from, const char *path, size_t classes,
                      struct chain *chain, struct errors *errors);
/* A whole number from 1 to most; else a message with the place. */
bool file_read_count(const struct tree *node, const char *what, size_t most, const char *path,
                     size_t *out, struct errors *errors);

#endif
