/* What the members of the family share. */
#ifndef DATA_PARTITIONS_H
#define DATA_PARTITIONS_H

#include "threadrack/base/philox.h"
#include "threadrack/data/partition.h"

#include <string.h>

#define PARTITION(name) extern const struct partition_ops partition_##name;
#include "../partition.def"
#undef PARTITION

/* Draws of one kind of thing within a member; `what` tells kinds apart, `step` what is numbered. */
static inline struct draw partition_draw(const struct partition_spec *spec, uint32_t what,
                                         uint32_t step)
{
    return (struct draw){
        .seed = spec->seed, .purpose = PURPOSE_PARTITION, .rank = what, .step = step};
}

bool partition_number(double *to, double least, double most, const char *key, const char *value,
                      const char *where, struct errors *errors);
bool partition_whole(size_t *to, size_t least, size_t most, const char *key, const char *value,
                     const char *where, struct errors *errors);

/* 0 .. count - 1 in random order; to be freed. */
uint32_t *shuffled(size_t count, struct draw draw);
/* The training rows by label, and by row within a label; to be freed. *begin: (classes + 1), where each
 * label's rows begin; to be freed. */
uint32_t *rows_by_label(const struct dataset *data, const int32_t *labels, size_t **begin);
/* Shares (parts) that add up to 1: Dirichlet's, of the same alpha for all (Gamma draws by Marsaglia and
 * Tsang 2000). */
void draw_shares(double alpha, int parts, struct draw draw, double *shares);
/* Cuts `count` into `parts` by the shares: sizes[i] are the differences of the rounded sums. */
void sizes_of(size_t count, const double *shares, int parts, size_t *sizes);

#endif
