#include "partition/partitions.h"

#include "threadrack/base/family.h"
#include "threadrack/base/memory.h"
#include "threadrack/config/config.h"

#include <stdlib.h>

const struct partition_ops *const partitions[] = {
#define PARTITION(name) &partition_##name,
#include "partition.def"
#undef PARTITION
    NULL};

static bool take_path(struct partition_spec *spec, const struct member_text *member, const char *where,
                      struct errors *errors)
{
    bool wants_path = spec->ops == &partition_file;
    if (wants_path && member->positional)
        spec->path = memory_text("%s", member->positional);
    return wants_path == (member->positional != NULL) ||
           errors_add(errors, "%s: partition %s: expected %s", where, spec->ops->name,
                      wants_path                ? "the path of a CSV file"
                      : *spec->ops->options ? spec->ops->options
                                            : "no options");
}

static bool take_options(struct partition_spec *spec, const struct member_text *member,
                         const char *where, struct errors *errors)
{
    int before = errors->count;
    const char *options = *spec->ops->options ? spec->ops->options : "none";
    for (int i = 0; i < member->count && errors->count == before; i++)
        if ((!spec->ops->read ||
             !spec->ops->read(spec, member->keys[i], member->values[i], where, errors)) &&
            errors->count == before)
            errors_add(errors, "%s: partition %s has no option '%s'; it has: %s", where,
                       spec->ops->name, member->keys[i], options);
    return errors->count == before;
}

bool partition_parse(struct partition_spec *spec, const char *text, uint64_t seed, const char *where,
                     struct errors *errors)
{
    struct member_text member;
    *spec = (struct partition_spec){.shards = 2, .labels = 2, .least = 10, .alpha = 0.5,
                                    .exponent = 1, .zipf = true, .sigma = 0.1, .seed = seed};
    spec->ops =
        family_find(partitions, FAMILY_WITH_OPTIONS, "partition", "partitions", text, where, errors);
    if (!spec->ops)
        return false;
    bool good = member_parse(text, where, &member, errors) &&
                take_path(spec, &member, where, errors) && take_options(spec, &member, where, errors);
    member_release(&member);
    return good;
}

void partition_spec_release(struct partition_spec *spec)
{
    free(spec->path);
    spec->path = NULL;
}

static bool has_labels(const struct dataset *data)
{
    return data->classes && data->target_width == 1;
}

static int32_t *labels_of(const struct dataset *data)
{
    if (!has_labels(data))
        return NULL;
    if (!data->targets)
        BUG("a partition of %s needs its labels", data->name);
    int32_t *labels = memory_zeroed(data->train_rows, sizeof *labels);
    for (size_t row = 0; row < data->train_rows; row++)
        dataset_copy_targets(data, row, &labels[row]);
    return labels;
}

static bool fits(const struct partition_ops *ops, const struct dataset *data, int parts,
                 const char *where, struct errors *errors)
{
    if (ops->needs_labels && !has_labels(data))
        return errors_add(errors, "%s: partition %s goes by labels, and data set %s has none", where,
                          ops->name, data->name);
    if (ops->needs_values && data->vocabulary)
        return errors_add(errors, "%s: partition %s changes real values, and data set %s has tokens",
                          where, ops->name, data->name);
    if ((size_t)parts > data->train_rows || data->train_rows > UINT32_MAX)
        return errors_add(errors, "%s: %zu training rows cannot be parted among %d nodes", where,
                          data->train_rows, parts);
    return true;
}

/* Rows by part, in ascending order within each. */
static struct partition *collect(const uint32_t *part_of, size_t rows, int parts)
{
    struct partition *made = memory_zeroed(1, sizeof *made);
    made->parts = parts;
    made->begin = memory_zeroed((size_t)parts + 1, sizeof *made->begin);
    made->rows = memory_zeroed(rows, sizeof *made->rows);
    for (size_t row = 0; row < rows; row++)
        made->begin[part_of[row] + 1]++;
    for (int i = 0; i < parts; i++)
        made->begin[i + 1] += made->begin[i];
    for (size_t row = rows; row-- > 0;)
        made->rows[--made->begin[part_of[row] + 1]] = (uint32_t)row;
    memmove(made->begin, made->begin + 1, (size_t)parts * sizeof *made->begin);
    made->begin[parts] = rows;
    return made;
}

static bool nobody_is_empty(const struct partition *partition, const char *where,
                            struct errors *errors)
{
    for (int i = 0; i < partition->parts; i++)
        if (partition_rows(partition, i) == 0)
            return errors_add(errors, "%s: node %d of %d would have no training rows", where, i,
                              partition->parts);
    return true;
}

/* NIID-Bench (Li et al., ICDE 2022), feature distribution skew: the variance grows with the node. */
static void add_noise(struct partition *made, const struct partition_spec *spec)
{
    made->seed = spec->seed;
    made->deviation = memory_zeroed((size_t)made->parts, sizeof *made->deviation);
    for (int i = 0; i < made->parts; i++)
        made->deviation[i] = __builtin_sqrt(spec->sigma * (i + 1) / made->parts);
}

struct partition *partition_create(const struct partition_spec *spec, const struct dataset *data,
                                   int parts, const char *where, struct errors *errors)
{
    if (!spec->ops->assign || !fits(spec->ops, data, parts, where, errors))
        return NULL;
    int32_t *labels = labels_of(data);
    uint32_t *part_of = memory_zeroed(data->train_rows, sizeof *part_of);
    struct partition *made = NULL;
    if (spec->ops->assign(spec, data, labels, parts, part_of, where, errors))
        made = collect(part_of, data->train_rows, parts);
    if (made && spec->ops->needs_values)
        add_noise(made, spec);
    if (made && !nobody_is_empty(made, where, errors)) {
        partition_free(made);
        made = NULL;
    }
    free(labels);
    free(part_of);
    return made;
}

void partition_free(struct partition *partition)
{
    if (!partition)
        return;
    free(partition->begin);
    free(partition->rows);
    free(partition->deviation);
    free(partition);
}

size_t partition_rows(const struct partition *partition, int part)
{
    return partition->begin[part + 1] - partition->begin[part];
}
