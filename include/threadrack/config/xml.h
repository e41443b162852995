/* An XML file as a tree of elements that know their lines, by expat. Text between tags is left out.
 * Entities are refused, so a small file cannot stand for a large one (billion laughs), and nothing
 * outside the file is ever read: a DOCTYPE may name a DTD, which is not fetched. */
#ifndef THREADRACK_CONFIG_XML_H
#define THREADRACK_CONFIG_XML_H

#include "threadrack/base/errors.h"

struct attribute {
    char *name, *value;
};

struct element {
    char *name;
    int line, column; /* of its tag, from 1 */
    struct attribute *attributes;
    int attribute_count, attribute_room;
    struct element *children;
    int count, room;
};

/* The root element; NULL and a message when the file is not XML that we accept. */
struct element *xml_load(const char *path, struct errors *errors);
void xml_free(struct element *root);

#endif
