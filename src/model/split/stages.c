/* Layers over pipeline stages: contiguous, every stage at least one, the costliest stage as cheap
 * as can be and the others even.
 *
 * What is placed is a unit: a layer with those that follow it (pooling, say) or, where tensor ranks
 * will share pairs and there are units enough for the stages, a pair. The least possible cost of the costliest stage is found by
 * bisection, filling stages greedily; then each stage takes its fair part of what is left, as long
 * as the rest still fits the others within that cost.
 */
#include "../inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

/* What a layer costs beside others: never 0, so that layers of no cost are spread, too. */
static uint64_t weight_of(const struct layer *layer)
{
    uint64_t weight = layer->ops->multiply_adds(layer);
    return weight ? weight : 1;
}

/* Where units begin; returns how many. `begins` may be NULL. */
static int find_units(const struct model_spec *spec, bool pairs, int *begins)
{
    int count = 0;
    for (int i = 0; i < spec->layer_count; i++) {
        if (begins)
            begins[count] = i;
        count++;
        i += pairs && split_pairs_up(spec, i);
        while (i + 1 < spec->layer_count && spec->layers[i + 1].follows)
            i++;
    }
    return count;
}

bool units_pair_up(const struct model_spec *spec, int stages, int tensors)
{
    return tensors > 1 && find_units(spec, true, NULL) >= stages;
}

struct units units_of(const struct model_spec *spec, bool pairs)
{
    size_t count = (size_t)find_units(spec, pairs, NULL);
    struct units units = {.begins = memory_zeroed(count + 1, sizeof *units.begins),
                          .weights = memory_zeroed(count, sizeof *units.weights),
                          .needed = memory_zeroed(count + 1, sizeof *units.needed)};
    units.count = find_units(spec, pairs, units.begins);
    units.begins[count] = spec->layer_count;
    for (int u = 0; u < units.count; u++) {
        for (int i = units.begins[u]; i < units.begins[u + 1]; i++)
            units.weights[u] += weight_of(&spec->layers[i]);
        units.total += units.weights[u];
        if (units.weights[u] > units.heaviest)
            units.heaviest = units.weights[u];
    }
    return units;
}

void units_release(struct units *units)
{
    free(units->begins);
    free(units->weights);
    free(units->needed);
}

int model_most_stages(const struct model_spec *spec)
{
    return spec->alike ? spec->layer_count : find_units(spec, false, NULL);
}

/* Fills `needed`; from the back, so that each entry rests on a later one. `end` is where a stage
 * that begins at i must end. */
static int stages_needed(struct units *units, uint64_t cap)
{
    int end = units->count;
    uint64_t sum = 0;
    for (int i = units->count - 1; i >= 0; i--) {
        sum += units->weights[i];
        while (sum > cap)
            sum -= units->weights[--end];
        units->needed[i] = 1 + units->needed[end];
    }
    return units->needed[0];
}

static uint64_t least_cap(struct units *units, int stages)
{
    uint64_t low = units->heaviest, high = units->total;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (stages_needed(units, middle) <= stages)
            high = middle;
        else
            low = middle + 1;
    }
    stages_needed(units, low);
    return low;
}

/* How many units the stage that begins at `begin` takes, with `stages` to fill including it. */
static int take(const struct units *units, int begin, int stages, uint64_t left, uint64_t cap,
                uint64_t *taken)
{
    int end = begin;
    uint64_t sum = 0;
    for (; units->count - end > stages - 1; end++) {
        uint64_t next = units->weights[end];
        bool must = end == begin || units->needed[end] > stages - 1;
        bool fair = sum + next <= cap && (unsigned __int128)(2 * sum + next) * (unsigned)stages <
                                             2 * (unsigned __int128)left;
        if (!must && !fair)
            break;
        sum += next;
    }
    *taken = sum;
    return end - begin;
}

struct share split_stages(const struct model_spec *spec, int stages, int tensors, int stage)
{
    if (spec->alike)
        return share_of((size_t)spec->layer_count, (size_t)stages, (size_t)stage);
    struct units units = units_of(spec, units_pair_up(spec, stages, tensors));
    uint64_t cap = least_cap(&units, stages), left = units.total, taken;
    int begin = 0, count = take(&units, 0, stages, left, cap, &taken);
    for (int i = 1; i <= stage; i++) {
        begin += count;
        left -= taken;
        count = take(&units, begin, stages - i, left, cap, &taken);
    }
    int first = units.begins[begin], end = units.begins[begin + count];
    units_release(&units);
    return (struct share){(size_t)first, (size_t)(end - first)};
}
