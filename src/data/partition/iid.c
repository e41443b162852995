/* Rows at random, sizes as even as they go. */
#include "partitions.h"

#include "threadrack/base/share.h"

#include <stdlib.h>

static bool assign(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors)
{
    uint32_t *rows = shuffled(data->train_rows, partition_draw(spec, 0, 0));
    (void)labels;
    (void)where;
    (void)errors;
    for (int part = 0; part < parts; part++) {
        struct share share = share_of(data->train_rows, (size_t)parts, (size_t)part);
        for (size_t i = 0; i < share.count; i++)
            part_of[rows[share.begin + i]] = (uint32_t)part;
    }
    free(rows);
    return true;
}

const struct partition_ops partition_iid = {
    .name = "iid",
    .summary = "rows at random, as many to each",
    .options = "",
    .assign = assign,
};

static bool read_sigma(struct partition_spec *spec, const char *key, const char *value,
                       const char *where, struct errors *errors)
{
    return !strcmp(key, "sigma") &&
           partition_number(&spec->sigma, 0, 1e6, key, value, where, errors);
}

/* The rows of iid; what differs is what the loader adds to them. */
const struct partition_ops partition_feature = {
    .name = "feature",
    .summary = "as iid, and normal noise on the inputs whose variance is sigma (i + 1) / n on node i",
    .options = "sigma=0.1",
    .read = read_sigma,
    .needs_values = true,
    .assign = assign,
};
