/* What the user asked for: `auto`, an algorithm with options, or a file. */
#ifndef COMM_WISH_H
#define COMM_WISH_H

#include "threadrack/comm/collective.h"
#include "threadrack/comm/msccl.h"

struct wish {
    const struct collective *fixed;   /* NULL: auto */
    int levels, sizes[LAYOUT_LEVELS]; /* from the inside out, but perhaps the last; 0: as wired */
    int rows;                         /* torus2d; 0: not said */
    size_t chunk;                     /* elements; 0: not said */
    struct msccl *msccl;              /* of which `fixed` is; NULL: no file */
};

/* False and a message when it is no such wish; else release it. */
bool wish_read(struct wish *wish, const char *operation, const char *asked, const char *where,
               struct errors *errors);
void wish_release(struct wish *wish);

/* Whether the algorithm goes by levels. */
bool wish_needs_levels(const struct collective *collective);
/* Fills `sizes` with levels whose product is the group's size, and returns how many; 0: what was
 * asked for, or how the cluster is wired, does not make several of them. */
int wish_levels(const struct wish *wish, const struct cluster *cluster, const int *nodes, int size,
                int sizes[LAYOUT_LEVELS]);

#endif
