/* How long a collective takes, as `auto` sees it (comm/algorithms.h). */
#ifndef COMM_PREDICT_H
#define COMM_PREDICT_H

#include "threadrack/comm/algorithms.h"

struct question {
    const struct cluster *cluster;
    const struct netmodel_ops *netmodel;
    const int *nodes; /* NULL where there are too many to simulate */
    int size;
    struct path path;
    size_t count, element_bytes;
};

/* By the closed form, with additions; it must have one. */
uint64_t predict_by_formula_ps(const struct question *question, const struct collective *collective);
uint64_t predict_ps(const struct question *question, const struct collective *collective);

#endif
