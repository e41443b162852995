/* The nodes of rank 0, 1, ..., one a line of a file; # begins a comment. */
#include "../node_range.h"

#include "threadrack/base/memory.h"
#include "threadrack/cluster/placement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool put_line(struct placing *placing, char *line, int number, struct errors *errors)
{
    int node, same;
    line[strcspn(line, "#\r\n")] = 0;
    const char *begin = line + strspn(line, " \t"), *at = begin;
    if (!*begin)
        return true;
    char *where = memory_text("%s:%d:%d", placing->options, number, (int)(begin - line) + 1);
    bool good = (!strchr(begin, ':') && node_range(&at, placing->cluster->nodes, &node, &same) &&
                 !at[strspn(at, " \t")]) ||
                errors_add(errors, "%s: expected the number of a node from 0 to %d", where,
                           placing->cluster->nodes - 1);
    good = good && placing_put_named(placing, node, node, where, errors);
    free(where);
    return good;
}

static bool put_lines(struct placing *placing, FILE *stream, struct errors *errors)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    for (int number = 1; good && getline(&line, &room, stream) >= 0; number++)
        good = put_line(placing, line, number, errors);
    free(line);
    return good && (!ferror(stream) || errors_add_status(errors, STATUS_FAILED, "%s: cannot be read: %s",
                                                         placing->options, strerror(errno)));
}

static bool place(struct placing *placing, struct errors *errors)
{
    FILE *stream = fopen(placing->options, "r");
    if (!stream)
        return errors_add(errors, "%s: cannot open '%s': %s", placing->where, placing->options,
                          strerror(errno));
    bool good = put_lines(placing, stream, errors);
    fclose(stream);
    return good && placing_is_full(placing, errors);
}

const struct placement_ops placement_file = {
    .name = "file",
    .summary = "the nodes of rank 0, 1, ..., one a line",
    .options = "file:PATH",
    .place = place,
};
