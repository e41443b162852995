/* Rows sorted by label are cut into shards, of which each node gets so many at random (McMahan et al.:
 * Communication-efficient learning of deep networks from decentralized data, AISTATS 2017). */
#include "partitions.h"

#include "threadrack/base/share.h"

#include <stdlib.h>

static bool read(struct partition_spec *spec, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    return !strcmp(key, "per_node") &&
           partition_whole(&spec->shards, 1, 1 << 20, key, value, where, errors);
}

static bool assign(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors)
{
    size_t count = (size_t)parts * spec->shards, *begin;
    if (count > data->train_rows)
        return errors_add(errors, "%s: %zu shards are more than the %zu training rows", where, count,
                          data->train_rows);
    uint32_t *rows = rows_by_label(data, labels, &begin);
    uint32_t *order = shuffled(count, partition_draw(spec, 0, 0));
    for (size_t i = 0; i < count; i++) {
        struct share shard = share_of(data->train_rows, count, order[i]);
        for (size_t k = 0; k < shard.count; k++)
            part_of[rows[shard.begin + k]] = (uint32_t)(i / spec->shards);
    }
    free(order);
    free(begin);
    free(rows);
    return true;
}

const struct partition_ops partition_shards = {
    .name = "shards",
    .summary = "rows sorted by label, cut into shards, of which each node gets some at random",
    .options = "per_node=2",
    .read = read,
    .needs_labels = true,
    .assign = assign,
};
