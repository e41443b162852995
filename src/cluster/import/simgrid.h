/* A SimGrid file while it is read. */
#ifndef THREADRACK_SRC_CLUSTER_IMPORT_SIMGRID_H
#define THREADRACK_SRC_CLUSTER_IMPORT_SIMGRID_H

#include "import.h"
#include "threadrack/config/xml.h"

#include <stdarg.h>

struct simgrid {
    const char *path;
    struct platform *platform;
    struct remarks *remarks;
    struct errors *errors;
    int fat_tree_hosts; /* of the fat trees so far */
};

/* Appends a message about the element; returns false. */
bool simgrid_say(struct simgrid *reading, const struct element *element, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The attribute's value, "" when it is not there. */
const char *simgrid_get(const struct element *element, const char *name);
/* Whether all words of the element and what is in it are understood; remarks on the rest. */
bool simgrid_check(struct simgrid *reading, const struct element *element);

/* ---- Values; false and a message when an attribute is wrong. ---- */
bool simgrid_read_speed(struct simgrid *reading, const struct element *element, double *speed);
bool simgrid_read_bandwidth(struct simgrid *reading, const struct element *element,
                            const char *name, uint64_t *Bps);
bool simgrid_read_time(struct simgrid *reading, const struct element *element, const char *name,
                       uint64_t *ps);
bool simgrid_read_sharing(struct simgrid *reading, const struct element *element, const char *name,
                          enum sharing fallback, enum sharing *sharing);

/* ---- <cluster> and <cabinet>. ---- */
bool simgrid_read_cluster(struct simgrid *reading, const struct element *element,
                          struct zone *parent);
/* `backbone` is a link, or -1. */
bool simgrid_read_cabinet(struct simgrid *reading, const struct element *element, struct zone *zone,
                          int backbone);

#endif
