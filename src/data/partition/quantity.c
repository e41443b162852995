/* Rows at random, sizes uneven: by Zipf's law, node i's share proportional to (i + 1)^-exponent, or
 * drawn from a Dirichlet distribution (NIID-Bench's quantity skew). No node has fewer than `least`. */
#include "partitions.h"

#include "threadrack/base/exact.h"
#include "threadrack/base/memory.h"

#include <stdlib.h>

static bool read(struct partition_spec *spec, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    if (!strcmp(key, "zipf"))
        return partition_number(&spec->exponent, 0, 100, key, value, where, errors);
    if (!strcmp(key, "alpha")) {
        spec->zipf = false;
        return partition_number(&spec->alpha, 1e-3, 1e6, key, value, where, errors);
    }
    return !strcmp(key, "least") &&
           partition_whole(&spec->least, 1, 1000000000, key, value, where, errors);
}

static void zipf_shares(double exponent, int parts, double *shares)
{
    double sum = 0;
    for (int i = 0; i < parts; i++)
        sum += shares[i] = exact_exp(-exponent * exact_log(i + 1));
    for (int i = 0; i < parts; i++)
        shares[i] /= sum;
}

static bool assign(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors)
{
    size_t reserved = spec->least * (size_t)parts, at = 0;
    (void)labels;
    if (reserved > data->train_rows)
        return errors_add(errors, "%s: least=%zu rows for each of %d nodes are more than the %zu "
                          "training rows", where, spec->least, parts, data->train_rows);
    double *shares = memory_zeroed((size_t)parts, sizeof *shares);
    size_t *sizes = memory_zeroed((size_t)parts, sizeof *sizes);
    uint32_t *rows = shuffled(data->train_rows, partition_draw(spec, 0, 0));
    if (spec->zipf)
        zipf_shares(spec->exponent, parts, shares);
    else
        draw_shares(spec->alpha, parts, partition_draw(spec, 1, 0), shares);
    sizes_of(data->train_rows - reserved, shares, parts, sizes);
    for (int part = 0; part < parts; part++)
        for (size_t i = 0; i < sizes[part] + spec->least; i++)
            part_of[rows[at++]] = (uint32_t)part;
    free(rows);
    free(sizes);
    free(shares);
    return true;
}

const struct partition_ops partition_quantity = {
    .name = "quantity",
    .summary = "rows at random, sizes by Zipf's law or, with alpha, drawn from a Dirichlet distribution",
    .options = "zipf=1|alpha=0.5,least=10",
    .read = read,
    .assign = assign,
};
