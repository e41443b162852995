/* A point of a bench, made ready. Private to the bench. */
#ifndef EXPERIMENT_BENCH_INSIDE_H
#define EXPERIMENT_BENCH_INSIDE_H

#include "threadrack/clock/cost.h"
#include "threadrack/comm/algorithms.h"
#include "threadrack/experiment/bench.h"

struct bench_point {
    struct cluster *cluster;
    const struct netmodel_ops *netmodel;
    const struct cost_ops *cost; /* of nothing: a bench computes only additions, which the device costs */
    int nodes;
    struct path path; /* the group's, for predictions */
    struct bench_choices {
        struct algorithms *algorithms;
        struct pattern *pattern; /* of all nodes; NULL: the algorithm does not fit them */
    } *asked;                    /* by the bench's algorithms */
    int asked_count;
};

/* False and a message when it cannot be made, or an algorithm does not fit it that was asked for by
 * name. */
bool bench_point_make(struct bench_point *made, const struct bench *bench,
                      const struct config *point, struct errors *errors);
/* One algorithm more; NULL and a message when it does not fit. */
const struct bench_choices *bench_point_ask(struct bench_point *made, const struct bench *bench,
                                            const char *word, struct errors *errors);
void bench_point_release(struct bench_point *made);

/* What is taken of what was asked for. */
struct choice bench_choice(const struct bench_choices *asked, size_t count);
uint64_t bench_predicted_ps(const struct bench_point *point, const struct collective *collective,
                            size_t count);

/* Measures one operation of `count` elements; fills the row's time, messages and bytes. */
bool bench_measure(const struct bench *bench, const struct bench_point *point,
                   const struct collective *collective, struct bench_row *row,
                   struct errors *errors);

/* Whether the bench reads the key. */
bool bench_reads(const char *key);

enum { BENCH_ELEMENT = sizeof(float) };

#endif
