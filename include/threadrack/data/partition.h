/* Partitions: which node has which training rows, so that data may be skewed over nodes.
 *
 * Without one (`none`) all nodes draw from one sequence, each its share of every global batch. With
 * one, a node's rows come from its own part alone, in epochs of its own. Every training row is in one
 * part exactly, unless a member says otherwise. Draws are keyed by (seed, what), so that a partition
 * is the same on any host.
 *
 * To add one: src/data/partition/<name>.c and a row in src/data/partition.def.
 */
#ifndef THREADRACK_DATA_PARTITION_H
#define THREADRACK_DATA_PARTITION_H

#include "threadrack/data/data.h"

struct partition_ops;

/* What was asked for. */
struct partition_spec {
    const struct partition_ops *ops;
    char *path;      /* file */
    size_t shards;   /* shards: of a node */
    size_t labels;   /* labels: of a node */
    size_t least;    /* dirichlet, quantity: rows of a node */
    double alpha;    /* dirichlet, quantity:dirichlet */
    double exponent; /* quantity:zipf */
    bool zipf;
    double sigma;    /* feature: variance of the last node's noise */
    uint64_t seed;
};

/* Who has what. The rows of part i are rows[begin[i]] .. rows[begin[i + 1] - 1], ascending. */
struct partition {
    int parts;
    size_t *begin;     /* (parts + 1) */
    uint32_t *rows;    /* training rows */
    double *deviation; /* (parts): of the noise that is added to a part's inputs; NULL: none */
    uint64_t seed;     /* of that noise */
};

struct partition_ops {
    const char *name, *summary, *options;
    /* Reads one option; false: it has no such option, or the value is wrong (then a message). NULL: it
     * takes none. */
    bool (*read)(struct partition_spec *spec, const char *key, const char *value, const char *where,
                 struct errors *errors);
    bool needs_labels; /* one class a row; the others take any data */
    bool needs_values; /* inputs of real values */
    /* Writes the part of each training row into part_of (train_rows; `labels` likewise, NULL where the
     * data have none). False and a message when it cannot be done. NULL: no partition. */
    bool (*assign)(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors);
};

extern const struct partition_ops *const partitions[]; /* NULL at the end */

/* "dirichlet:alpha=0.3". To be released. */
bool partition_parse(struct partition_spec *spec, const char *text, uint64_t seed, const char *where,
                     struct errors *errors);
void partition_spec_release(struct partition_spec *spec);

/* The data set has been opened with its rows. NULL without a message: none was asked for. Every part has a row at least, else that is an error. */
struct partition *partition_create(const struct partition_spec *spec, const struct dataset *data,
                                   int parts, const char *where, struct errors *errors);
void partition_free(struct partition *partition);
size_t partition_rows(const struct partition *partition, int part);

/* How skewed a partition is. */
struct skew {
    int parts;
    size_t classes;
    size_t *rows;            /* (parts) */
    size_t *counts;          /* (parts, classes): rows of a label; classes 0: the data have no labels */
    double *total_variation; /* (parts): half the sum of |share of a label here - share in the whole| */
    double imbalance;        /* rows of the fullest part over the mean */
};
struct skew *skew_measure(const struct partition *partition, const struct dataset *data);
void skew_free(struct skew *skew);

#endif
