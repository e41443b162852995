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
                    const struct bench_choices *asked, struct bench_row *row, struct errors *errors)
{
    row->count = row->size_bytes / BENCH_ELEMENT;
    row->nodes = point->nodes;
    struct choice choice = bench_choice(asked, row->count);
    row->ran = choice.kind;
    row->predicted_ps = bench_predicted_ps(point, choice.collective, row->count);
    if (!bench_measure(bench, point, choice.collective, row, errors))
        return false;
    find_bandwidths(bench, row);
    return true;
}

static bool run_point(const struct bench *bench, const struct bench_point *point, int index,
                      struct bench_listener listener, struct errors *errors)
{
    for (int s = 0; s < bench->size_count; s++)
        for (int a = 0; a < bench->algorithm_count; a++) {
            struct bench_row row = {.point = index,
                                    .size_bytes = bench->sizes[s],
                                    .asked = bench->algorithms[a].word};
            if (!point->asked[a].pattern)
                continue; /* of `all`, those that fit */
            if (experiment_interrupted ||
                !run_row(bench, point, &point->asked[a], &row, errors) ||
                !listener.row(listener.context, bench, &row))
                return false;
        }
    return true;
}

static void tell_notes(const struct bench_point *point, struct bench_listener listener)
{
    const char *note;
    for (int a = 0; a < point->asked_count; a++)
        for (int i = 0; listener.note && (note = algorithms_note(point->asked[a].algorithms, i)); i++)
            listener.note(listener.context, note);
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
        tell_notes(&point, listener);
        good = run_point(bench, &point, i, listener, errors);
        listener.end(listener.context, bench);
        bench_point_release(&point);
    }
    return good;
}
