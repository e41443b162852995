#include "node_range.h"

#include <stdlib.h>

static bool take_node(const char **text, int nodes, int *node)
{
    char *end;
    long value = strtol(*text, &end, 10);
    bool good = **text >= '0' && **text <= '9' && value < nodes;
    *text = end;
    *node = (int)value;
    return good;
}

bool node_range(const char **text, int nodes, int *first, int *last)
{
    if (!take_node(text, nodes, first))
        return false;
    *last = *first;
    if (**text == ':' && ((*text)++, !take_node(text, nodes, last)))
        return false;
    return *last >= *first;
}
