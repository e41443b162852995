#include "inside.h"

#include <math.h>

static void find_bandwidths(const struct bench *bench, struct bench_row *row)
{
    const struct bench_operation *operation = bench_operation(bench->operation);
    row->algbw_GBps = row->busbw_GBps = NAN;
    if (!operation || row->time_ps == 0 || (row->bytes_sent == 0 && row->nodes > 1))
        return; /* an array with no element for any rank moves nothing */
    row->algbw_GBps = (double)row->size_bytes * 1e3 / (double)row->time_ps;
    row->busbw_GBps = row->algbw_GBps * operation->bus_factor(row->nodes);
}

static bool run_row(const struct bench *bench, const struct bench_point *point,
                    struct bench_row *row, struct errors *errors)
{
    row->count = row->size_bytes / BENCH_ELEMENT;
    row->nodes = point->nodes;
    row->ran = row->asked ? row->asked : bench_choice(point, row->count);
    row->predicted_ps = bench_predicted_ps(point, row->ran, row->count);
    if (!bench_measure(bench, point, row, errors))
        return false;
    find_bandwidths(bench, row);
    return true;
}

static bool run_point(const struct bench *bench, const struct bench_point *point, int index,
                      struct bench_listener listener, struct errors *errors)
{
    for (int s = 0; s < bench->size_count; s++)
        for (int a = 0; a < bench->algorithm_count; a++) {
            struct bench_row row = {
                .point = index, .size_bytes = bench->sizes[s], .asked = bench->algorithms[a]};
            if (row.asked && !bench_fits(point, row.asked)) {
                if (bench->algorithm_count > 1)
                    continue; /* of `all`, those that fit; the heading of --table names them, too */
                return errors_add(errors,
                                  "--algorithm: %s needs several boxes of equal size, which this "
                                  "cluster does not have",
                                  row.asked->name);
            }
            if (experiment_interrupted || !run_row(bench, point, &row, errors) ||
                !listener.row(listener.context, bench, &row))
                return false;
        }
    return true;
}

bool bench_sweep(const struct bench *bench, const struct sweep *sweep,
                 struct bench_listener listener, struct errors *errors)
{
    bool good = true;
    for (int i = 0; good && i < sweep->count; i++) {
        struct bench_point point;
        if (!bench_point_make(&point, bench, sweep->points[i].config, errors))
            return false;
        listener.begin(listener.context, bench, i);
        good = run_point(bench, &point, i, listener, errors);
        listener.end(listener.context, bench);
        bench_point_release(&point);
    }
    return good;
}
