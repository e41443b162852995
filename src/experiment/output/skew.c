/* Who has what, in words. */
#include "rows.h"
#include "table.h"

#include <math.h>

enum { LABELS_SHOWN = 20 };

static void print_table(const struct skew *skew, FILE *stream)
{
    struct table table = {0};
    size_t labels = skew->classes <= LABELS_SHOWN ? skew->classes : 0;
    table_add(&table, "node");
    table_add(&table, "rows");
    table_add(&table, "distance");
    for (size_t label = 0; label < labels; label++)
        table_add(&table, "%zu", label);
    table.columns = table.count;
    for (int part = 0; part < skew->parts; part++) {
        table_add(&table, "%d", part);
        table_add(&table, "%zu", skew->rows[part]);
        if (isnan(skew->total_variation[part]))
            table_add(&table, "%s", "");
        else
            table_add(&table, "%.3f", skew->total_variation[part]);
        for (size_t label = 0; label < labels; label++)
            table_add(&table, "%zu", skew->counts[(size_t)part * skew->classes + label]);
    }
    table_print(&table, stream);
    table_release(&table);
}

static double mean_distance(const struct skew *skew)
{
    double sum = 0;
    for (int part = 0; part < skew->parts; part++)
        sum += skew->total_variation[part];
    return sum / skew->parts;
}

void skew_print(const struct sweep *sweep, FILE *stream)
{
    for (int i = 0; i < sweep->count; i++) {
        const struct config *point = sweep->points[i].config;
        const struct result *result = sweep->points[i].result;
        if (!result)
            continue;
        fprintf(stream, "%s%s of %s", i ? "\n" : "", config_text(point, "partition"),
                config_text(point, "data"));
        if (!result->skew) {
            fprintf(stream, ": %s\n", result->reason ? result->reason : "");
            continue;
        }
        size_t rows = 0;
        for (int part = 0; part < result->skew->parts; part++)
            rows += result->skew->rows[part];
        fprintf(stream, " over %d nodes: %zu training rows, fullest over mean %.3f",
                result->skew->parts, rows, result->skew->imbalance);
        if (result->skew->classes)
            fprintf(stream, ", mean distance from the whole %.3f", mean_distance(result->skew));
        fputs("\n", stream);
        print_table(result->skew, stream);
    }
}
