/* Each label's rows are dealt to the nodes by shares drawn from a Dirichlet distribution (Hsu, Qi,
 * Brown 2019; by label as in Yurochkin et al., ICML 2019, and NIID-Bench): small alpha gives a node few
 * labels, large alpha all. Drawn anew until every node has `least` rows. */
#include "partitions.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

enum { ATTEMPTS = 10000 };

static bool read(struct partition_spec *spec, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    if (!strcmp(key, "alpha"))
        return partition_number(&spec->alpha, 1e-3, 1e6, key, value, where, errors);
    return !strcmp(key, "least") &&
           partition_whole(&spec->least, 1, 1000000000, key, value, where, errors);
}

/* (classes, parts): how many rows of each label each node gets. */
static void draw_sizes(const struct partition_spec *spec, const size_t *begin, size_t classes,
                       int parts, uint32_t attempt, double *shares, size_t *sizes)
{
    for (size_t label = 0; label < classes; label++) {
        draw_shares(spec->alpha, parts, partition_draw(spec, 1 + (uint32_t)label, attempt), shares);
        sizes_of(begin[label + 1] - begin[label], shares, parts, sizes + label * (size_t)parts);
    }
}

static bool is_enough(const struct partition_spec *spec, const size_t *sizes, size_t classes,
                      int parts)
{
    for (int part = 0; part < parts; part++) {
        size_t rows = 0;
        for (size_t label = 0; label < classes; label++)
            rows += sizes[label * (size_t)parts + (size_t)part];
        if (rows < spec->least)
            return false;
    }
    return true;
}

static void deal(const struct partition_spec *spec, const uint32_t *rows, const size_t *begin,
                 size_t classes, int parts, const size_t *sizes, uint32_t *part_of)
{
    for (size_t label = 0; label < classes; label++) {
        size_t count = begin[label + 1] - begin[label], at = 0;
        uint32_t *order = shuffled(count, partition_draw(spec, 0, (uint32_t)label));
        for (int part = 0; part < parts; part++)
            for (size_t i = 0; i < sizes[label * (size_t)parts + (size_t)part]; i++)
                part_of[rows[begin[label] + order[at++]]] = (uint32_t)part;
        free(order);
    }
}

static bool assign(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors)
{
    if (spec->least * (size_t)parts > data->train_rows)
        return errors_add(errors, "%s: least=%zu rows for each of %d nodes are more than the %zu "
                          "training rows", where, spec->least, parts, data->train_rows);
    size_t *begin, classes = data->classes;
    uint32_t *rows = rows_by_label(data, labels, &begin), attempt = 0;
    double *shares = memory_zeroed((size_t)parts, sizeof *shares);
    size_t *sizes = memory_zeroed(classes * (size_t)parts, sizeof *sizes);
    do
        draw_sizes(spec, begin, classes, parts, attempt, shares, sizes);
    while (!is_enough(spec, sizes, classes, parts) && ++attempt < ATTEMPTS);
    if (attempt < ATTEMPTS)
        deal(spec, rows, begin, classes, parts, sizes, part_of);
    free(sizes);
    free(shares);
    free(begin);
    free(rows);
    return attempt < ATTEMPTS ||
           errors_add(errors, "%s: in %d draws some node always had fewer than least=%zu rows; give a "
                      "larger alpha or a smaller least", where, ATTEMPTS, spec->least);
}

const struct partition_ops partition_dirichlet = {
    .name = "dirichlet",
    .summary = "each label is dealt to the nodes by shares from a Dirichlet distribution",
    .options = "alpha=0.5,least=10",
    .read = read,
    .needs_labels = true,
    .assign = assign,
};
