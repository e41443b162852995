/* Layers over stages of unlike speeds: as good as the best of all splits, tried one by one. */
#include "tests/check.h"

#include "threadrack/base/philox.h"
#include "threadrack/model/model.h"

#include <math.h>
#include <stdlib.h>

enum { LAYERS = 7, MOST_STAGES = 4, ROUNDS = 40 };

/* Linear layers of these widths, whose multiply-adds are products of neighbours. */
static struct model_spec *spec_of_widths(const int *widths)
{
    char text[128] = "mlp:";
    struct errors errors;
    errors_init(&errors);
    for (int i = 0; i <= LAYERS; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", i ? "-" : "", widths[i]);
    struct model_spec *spec = model_parse(text, "test", &errors);
    CHECK_FATAL(spec != NULL);
    errors_release(&errors);
    return spec;
}

static double slowest_of(const int *widths, int stages, const double *speeds, const int *depths)
{
    double slowest = 0;
    for (int stage = 0, layer = 0; stage < stages; stage++) {
        double work = 0;
        for (int end = layer + depths[stage]; layer < end; layer++)
            work += widths[layer] * widths[layer + 1];
        slowest = fmax(slowest, work / speeds[stage]);
    }
    return slowest;
}

static double best_of_all(const int *widths, int stages, const double *speeds, int *depths, int stage, int left)
{
    double best = INFINITY;
    if (stage == stages - 1) {
        depths[stage] = left;
        return slowest_of(widths, stages, speeds, depths);
    }
    for (depths[stage] = 1; depths[stage] < left; depths[stage]++) {
        int mine = depths[stage];
        if (left - mine >= stages - stage - 1)
            best = fmin(best, best_of_all(widths, stages, speeds, depths, stage + 1, left - mine));
        depths[stage] = mine;
    }
    return best;
}

static void none_is_better(void)
{
    struct draw draw = {.purpose = PURPOSE_TEST};
    uint64_t drawn = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int widths[LAYERS + 1], depths[MOST_STAGES], tried[MOST_STAGES], stages = 2 + round % 3, sum = 0;
        double speeds[MOST_STAGES];
        for (int i = 0; i <= LAYERS; i++)
            widths[i] = 1 + (int)draw_below(draw, drawn++, 60);
        for (int i = 0; i < stages; i++)
            speeds[i] = 0.1 + draw_uniform(draw, drawn++);
        struct model_spec *spec = spec_of_widths(widths);
        model_split(spec, stages, 1, false, speeds, depths);
        for (int i = 0; i < stages; i++) {
            CHECK(depths[i] > 0);
            sum += depths[i];
        }
        CHECK_EQUAL(sum, LAYERS);
        double best = best_of_all(widths, stages, speeds, tried, 0, LAYERS);
        CHECK_NEAR(slowest_of(widths, stages, speeds, depths), best, 1e-9 * best);
        model_spec_free(spec);
    }
}

static void equal_speeds_are_no_speeds(void)
{
    int widths[LAYERS + 1] = {64, 10, 80, 20, 30, 64, 32, 10}, with[3], without[3], even[3];
    double speeds[] = {0.3, 0.3, 0.3};
    struct model_spec *spec = spec_of_widths(widths);
    model_split(spec, 3, 1, false, speeds, with);
    model_split(spec, 3, 1, false, NULL, without);
    model_split(spec, 3, 1, true, NULL, even);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(with[i], without[i]);
        CHECK_EQUAL(even[i], i ? 2 : 3);
    }
    model_spec_free(spec);
}

SUITE("model: split", TEST(none_is_better), TEST(equal_speeds_are_no_speeds));
