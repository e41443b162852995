/* A YAML file whose keys are not settings: another program's. */
#ifndef THREADRACK_CONFIG_TREE_H
#define THREADRACK_CONFIG_TREE_H

#include "threadrack/base/errors.h"

/* A YAML file as a tree; texts have no escapes left. (libyaml owns all names that begin yaml_.) */
enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };
struct tree {
    enum tree_kind kind;
    int line, column; /* from 1 */
    char *key;        /* of an entry of a map, whose place is key_line, key_column */
    int key_line, key_column;
    char *text;       /* of TREE_TEXT; NULL where nothing (or ~, or null) was written */
    struct tree *children;
    int count, room;
};
/* NULL and messages when the file is not one YAML document that we accept. */
struct tree *tree_load(const char *path, struct errors *errors);
void tree_free(struct tree *tree);

#endif
