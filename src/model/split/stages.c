/* Layers over pipeline stages: contiguous, every stage at least one, the costliest stage as cheap
 * as can be and the others even.
 *
 * What is placed is a unit: a layer or, where tensor ranks will share pairs and there are pairs
 * enough for the stages, a pair. The least possible cost of the costliest stage is found by
 * bisection, filling stages greedily; then each stage takes its fair part of what is left, as long
 * as the rest still fits the others within that cost.
 */
#include "../inside.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct units {
    uint64_t *weights;
    int *needed; /* [i]: stages that units i.. need when none may exceed the cap; [count] is 0 */
    int count, size;
    uint64_t total, heaviest;
};

static struct units units_of(const struct model_spec *spec, int stages, int tensors)
{
    int pairs = (spec->layer_count + 1) / 2;
    struct units units = {.size = tensors > 1 && pairs >= stages ? 2 : 1};
    units.count = units.size == 2 ? pairs : spec->layer_count;
    units.weights = memory_zeroed((size_t)units.count, sizeof *units.weights);
    units.needed = memory_zeroed((size_t)units.count + 1, sizeof *units.needed);
    for (int i = 0; i < spec->layer_count; i++) {
        uint64_t weight = spec->layers[i].ops->weight(&spec->layers[i]);
        units.weights[i / units.size] += weight;
        units.total += weight;
    }
    for (int i = 0; i < units.count; i++)
        if (units.weights[i] > units.heaviest)
            units.heaviest = units.weights[i];
    return units;
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
    struct units units = units_of(spec, stages, tensors);
    uint64_t cap = least_cap(&units, stages), left = units.total, taken;
    int begin = 0, count = take(&units, 0, stages, left, cap, &taken);
    for (int i = 1; i <= stage; i++) {
        begin += count;
        left -= taken;
        count = take(&units, begin, stages - i, left, cap, &taken);
    }
    int first = begin * units.size, end = (begin + count) * units.size;
    free(units.weights);
    free(units.needed);
    end = end < spec->layer_count ? end : spec->layer_count;
    return (struct share){(size_t)first, (size_t)(end - first)};
}
