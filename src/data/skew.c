#include "threadrack/data/partition.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

static void count_labels(struct skew *skew, const struct partition *partition,
                         const struct dataset *data)
{
    for (int part = 0; part < partition->parts; part++)
        for (size_t i = partition->begin[part]; i < partition->begin[part + 1]; i++) {
            int32_t label;
            dataset_copy_targets(data, partition->rows[i], &label);
            skew->counts[(size_t)part * skew->classes + (size_t)label]++;
        }
}

static double distance(const struct skew *skew, const struct partition *partition, int part)
{
    double rows = (double)partition_rows(partition, part);
    double all = (double)partition->begin[partition->parts], sum = 0;
    for (size_t label = 0; label < skew->classes; label++) {
        size_t whole = 0;
        for (int other = 0; other < skew->parts; other++)
            whole += skew->counts[(size_t)other * skew->classes + label];
        sum += fabs((double)skew->counts[(size_t)part * skew->classes + label] / rows -
                    (double)whole / all);
    }
    return sum / 2;
}

struct skew *skew_measure(const struct partition *partition, const struct dataset *data)
{
    struct skew *skew = memory_zeroed(1, sizeof *skew);
    size_t parts = (size_t)partition->parts, fullest = 0;
    skew->parts = partition->parts;
    skew->classes = data->target_width == 1 ? data->classes : 0;
    skew->rows = memory_zeroed(parts, sizeof *skew->rows);
    skew->counts = memory_zeroed(parts * skew->classes + 1, sizeof *skew->counts);
    skew->total_variation = memory_zeroed(parts, sizeof *skew->total_variation);
    if (skew->classes)
        count_labels(skew, partition, data);
    for (int part = 0; part < partition->parts; part++) {
        size_t rows = partition_rows(partition, part);
        skew->rows[part] = rows;
        fullest = rows > fullest ? rows : fullest;
        skew->total_variation[part] = skew->classes ? distance(skew, partition, part) : NAN;
    }
    skew->imbalance = (double)(fullest * parts) / (double)partition->begin[partition->parts];
    return skew;
}

void skew_free(struct skew *skew)
{
    if (!skew)
        return;
    free(skew->rows);
    free(skew->counts);
    free(skew->total_variation);
    free(skew);
}
