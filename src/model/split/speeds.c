/* Layers over stages whose nodes differ in speed, or that are given.
 *
 * T(s, e), the least time of the slowest of the first s stages over the first e units, is the least over b of
 * max(T(s-1, b), W(b, e) / v(s)), W the weight of units b to e - 1 and v the stage's speed. Filling greedily, as
 * stages.c does for stages alike, would not do: a slow stage may not fit a unit that the one before it, by
 * taking less, would have kept from it. A second pass over the splits that are no slower finds the one whose
 * times have the least sum of squares.
 */
#include "../inside.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct table {
    const struct units *units;
    const double *speeds;
    double *sums;  /* [e]: weight of the units before e */
    double *costs; /* (stages + 1, count + 1) */
    int *from;     /* the same: where the last stage begins */
    int stages;
    double cap; /* no stage may take longer */
};

static int at(const struct table *table, int stage, int end)
{
    return stage * (table->units->count + 1) + end;
}

static double stage_time(const struct table *table, int stage, int begin, int end)
{
    return (table->sums[end] - table->sums[begin]) / table->speeds[stage - 1];
}

static double join(double before, double time, bool squares)
{
    return squares ? before + time * time : fmax(before, time);
}

/* The best split of the units before `end` over the first `stage` stages. */
static void find_one(const struct table *table, int stage, int end, bool squares)
{
    double best = INFINITY;
    for (int begin = stage - 1; begin < end; begin++) {
        double time = stage_time(table, stage, begin, end);
        double cost = join(table->costs[at(table, stage - 1, begin)], time, squares);
        if (time <= table->cap && cost < best) {
            best = cost;
            table->from[at(table, stage, end)] = begin;
        }
    }
    table->costs[at(table, stage, end)] = best;
}

/* The cost of all units over all stages. */
static double find_all(const struct table *table, bool squares)
{
    int count = table->units->count;
    for (int end = 0; end <= count; end++)
        table->costs[at(table, 0, end)] = end ? INFINITY : 0;
    for (int stage = 1; stage <= table->stages; stage++)
        for (int end = 0; end <= count; end++)
            find_one(table, stage, end, squares);
    return table->costs[at(table, table->stages, count)];
}

static void take_splits(const struct table *table, int *depths)
{
    int end = table->units->count;
    for (int stage = table->stages; stage > 0; stage--) {
        int begin = table->from[at(table, stage, end)];
        depths[stage - 1] = table->units->begins[end] - table->units->begins[begin];
        end = begin;
    }
}

static void split_by_speed(const struct units *units, int stages, const double *speeds, int *depths)
{
    size_t cells = (size_t)(stages + 1) * (size_t)(units->count + 1);
    struct table table = {.units = units,
                          .speeds = speeds,
                          .stages = stages,
                          .cap = INFINITY,
                          .sums = memory_zeroed((size_t)units->count + 1, sizeof *table.sums),
                          .costs = memory_zeroed(cells, sizeof *table.costs),
                          .from = memory_zeroed(cells, sizeof *table.from)};
    for (int i = 0; i < units->count; i++)
        table.sums[i + 1] = table.sums[i] + (double)units->weights[i];
    table.cap = find_all(&table, false);
    find_all(&table, true);
    take_splits(&table, depths);
    free(table.sums);
    free(table.costs);
    free(table.from);
}

static bool all_alike(const double *speeds, int stages)
{
    for (int i = 1; speeds && i < stages; i++)
        if (speeds[i] != speeds[0])
            return false;
    return true;
}

void model_split(const struct model_spec *spec, int stages, int tensors, bool even, const double *speeds,
                 int *depths)
{
    struct units units = units_of(spec, units_pair_up(spec, stages, tensors));
    for (int i = 0; even && i < units.count; i++)
        units.weights[i] = 1;
    if (!all_alike(speeds, stages))
        split_by_speed(&units, stages, speeds, depths);
    else
        for (int i = 0; i < stages; i++) {
            struct share share = share_of((size_t)units.count, (size_t)stages, (size_t)i);
            depths[i] = even ? units.begins[share.begin + share.count] - units.begins[share.begin]
                             : (int)split_stages(spec, stages, tensors, i).count;
        }
    units_release(&units);
}

void model_split_costs(const struct model_spec *spec, int stages, int tensors, const uint64_t *layer_costs,
                       int *depths)
{
    struct units units = units_of(spec, units_pair_up(spec, stages, tensors));
    double *alike = memory_zeroed((size_t)stages, sizeof *alike);
    for (int i = 0; i < stages; i++)
        alike[i] = 1;
    for (int u = 0; u < units.count; u++) {
        units.weights[u] = 0;
        for (int i = units.begins[u]; i < units.begins[u + 1]; i++)
            units.weights[u] += layer_costs[i];
    }
    split_by_speed(&units, stages, alike, depths);
    free(alike);
    units_release(&units);
}

void model_split_units(const struct model_spec *spec, int stages, const int *depths, int *given)
{
    struct units units = units_of(spec, false);
    for (int i = 0, unit = 0, end = 0; i < stages; i++) {
        end += depths[i];
        for (given[i] = 0; units.begins[unit] < end; unit++)
            given[i]++;
    }
    units_release(&units);
}

bool model_split_given(const struct model_spec *spec, int stages, const int *given, int *depths,
                       const char *where, struct errors *errors)
{
    struct units units = units_of(spec, false);
    int at_unit = 0, count = units.count;
    bool good = true;
    for (int i = 0; good && i < stages; i++) {
        good = given[i] > 0 && given[i] <= count - at_unit;
        int end = good ? at_unit + given[i] : at_unit;
        depths[i] = units.begins[end] - units.begins[at_unit];
        at_unit = end;
    }
    units_release(&units);
    return (good && at_unit == count) ||
           errors_add(errors, "%s: expected for each of the %d stages how many layers (or blocks) it has, as in "
                              "2:1, together the model's %d",
                      where, stages, count);
}

bool model_split_fits(const struct model_spec *spec, int stages, int tensors, const int *depths,
                      const char *where, struct errors *errors)
{
    size_t most = tensors > 1 ? split_most_tensors(spec, stages, depths) : 1;
    return (size_t)tensors <= most ||
           errors_add(errors, "%s: mesh.tensor=%d is more than stages split so can share; the largest that fits is "
                              "%zu",
                      where, tensors, most);
}

struct share split_place(const struct model_spec *spec, const struct model_place *place)
{
    if (!place->layers)
        return split_stages(spec, place->stages, place->tensors, place->stage);
    size_t begin = 0;
    for (int i = 0; i < place->stage; i++)
        begin += (size_t)place->layers[i];
    return (struct share){begin, (size_t)place->layers[place->stage]};
}
