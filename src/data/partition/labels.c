/* Each node has so many labels, and shares each evenly with the other nodes that have it (NIID-Bench's
 * quantity-based label imbalance). Labels are dealt in turn, in random order, so that each is had by as
 * many nodes as the next, or one more. */
#include "partitions.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/share.h"

#include <stdlib.h>

static bool read(struct partition_spec *spec, const char *key, const char *value, const char *where,
                 struct errors *errors)
{
    return !strcmp(key, "per_node") &&
           partition_whole(&spec->labels, 1, 1 << 20, key, value, where, errors);
}

/* The rows of one label, dealt to the nodes that have it: every node i with i's slots at places
 * congruent to the label's place in the order. */
static void deal(const uint32_t *rows, size_t count, size_t place, size_t classes,
                 const struct partition_spec *spec, int parts, struct draw draw, uint32_t *part_of)
{
    size_t slots = (size_t)parts * spec->labels;
    size_t holders = (slots - place + classes - 1) / classes;
    uint32_t *order = shuffled(count, draw);
    for (size_t holder = 0; holder < holders; holder++) {
        struct share share = share_of(count, holders, holder);
        size_t node = (place + holder * classes) / spec->labels;
        for (size_t i = 0; i < share.count; i++)
            part_of[rows[order[share.begin + i]]] = (uint32_t)node;
    }
    free(order);
}

static bool assign(const struct partition_spec *spec, const struct dataset *data,
                   const int32_t *labels, int parts, uint32_t *part_of, const char *where,
                   struct errors *errors)
{
    size_t classes = data->classes, *begin;
    if (spec->labels > classes)
        return errors_add(errors, "%s: per_node=%zu labels are more than the %zu that there are", where,
                          spec->labels, classes);
    if ((size_t)parts * spec->labels < classes)
        return errors_add(errors, "%s: %d nodes of %zu labels each leave some of the %zu labels to "
                          "nobody; give per_node=%zu or more", where, parts, spec->labels, classes,
                          (classes + (size_t)parts - 1) / (size_t)parts);
    uint32_t *rows = rows_by_label(data, labels, &begin);
    uint32_t *order = shuffled(classes, partition_draw(spec, 0, 0));
    for (size_t place = 0; place < classes; place++) {
        size_t label = order[place];
        deal(rows + begin[label], begin[label + 1] - begin[label], place, classes, spec, parts,
             partition_draw(spec, 1, (uint32_t)label), part_of);
    }
    free(order);
    free(begin);
    free(rows);
    return true;
}

const struct partition_ops partition_labels = {
    .name = "labels",
    .summary = "each node has so many labels, shared evenly with the others that have them",
    .options = "per_node=2",
    .read = read,
    .needs_labels = true,
    .assign = assign,
};
