/* Rows drawn when they are asked for: a pure function of the seed and the row's number, so that a
 * set of any size takes no memory, and is the same in any order and from any thread. */
#ifndef THREADRACK_SRC_DATA_DRAWN_H
#define THREADRACK_SRC_DATA_DRAWN_H

#include "dataset.h"
#include "words.h"

#include "threadrack/base/philox.h"

static const double drawn_rows_most = 1e12, drawn_width_most = 1e9;

/* What all rows of a set have in common. Each has a stream of its own; results depend on them. */
enum drawn_once { DRAWN_ROW, DRAWN_CENTRES, DRAWN_HIDDEN, DRAWN_OUTPUT, DRAWN_WAVES, DRAWN_CHAIN };

static inline struct draw draw_of_set(uint64_t seed, enum drawn_once what)
{
    return (struct draw){.seed = seed, .purpose = PURPOSE_DATA, .rank = what};
}

static inline struct draw draw_of_row(uint64_t seed, size_t row)
{
    return (struct draw){.seed = seed,
                         .purpose = PURPOSE_DATA,
                         .rank = (uint32_t)(row >> 32) << 8,
                         .step = (uint32_t)row};
}

/* Reads options alone: `usage` is the member with all of them. */
bool drawn_options(struct data_option *options, const char *usage,
                   const struct dataset_request *request, struct errors *errors);

/* Numbers drawn from N(0, deviation); NULL and a message when the host has no memory for them. */
float *drawn_normals(struct draw draw, size_t rows, size_t width, double deviation,
                     const char *where, struct errors *errors);

#endif
