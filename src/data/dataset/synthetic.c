/* Gaussian classes: each class has a centre drawn from N(0, 1) in every feature, each row is its
 * class's centre plus noise. A row's class is drawn too, so that a first part is like the rest. */
#include "../dataset.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/philox.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/config/config.h"

#include <stdlib.h>
#include <string.h>

struct shape {
    size_t rows, features, classes;
    double noise;
};

static bool read_option(struct shape *shape, const char *key, const char *value, const char *where,
                        struct errors *errors)
{
    static const char *const keys[] = {"rows", "features", "classes", "noise"};
    size_t *const counts[] = {&shape->rows, &shape->features, &shape->classes};
    char why[128];
    struct quantity quantity;
    int i = 0;
    while (i < 4 && strcmp(key, keys[i]))
        i++;
    if (i == 4)
        return errors_add(errors,
                          "%s: synthetic has no option '%s'; it has rows, features, classes "
                          "and noise%s",
                          where, key, text_suggestion(key, keys, 4));
    if (!units_parse(value, i < 3 ? UNIT_COUNT : UNIT_REAL, &quantity, why, sizeof why))
        return errors_add(errors, "%s: %s=%s: %s", where, key, value, why);
    if (i == 3) {
        shape->noise = quantity.real;
        return shape->noise <= 1e6 ||
               errors_add(errors, "%s: noise=%s: expected a number up to 1e6", where, value);
    }
    *counts[i] = quantity.whole;
    if (quantity.whole < 1 || quantity.whole > 1000000000)
        return errors_add(errors, "%s: %s=%s: expected a number from 1 to 1000000000", where, key,
                          value);
    return true;
}

static bool read_shape(const char *text, const char *where, struct shape *shape,
                       struct errors *errors)
{
    struct member_text member;
    if (!member_parse(text, where, &member, errors)) {
        member_release(&member);
        return false;
    }
    bool good = !member.positional && !member.second;
    if (!good)
        errors_add(errors, "%s: expected synthetic:rows=1000,features=64,classes=10", where);
    for (int i = 0; i < member.count; i++)
        good &= read_option(shape, member.keys[i], member.values[i], where, errors);
    member_release(&member);
    if (good && shape->classes > shape->rows)
        good = errors_add(errors, "%s: %zu classes are more than %zu rows", where, shape->classes,
                          shape->rows);
    return good;
}

static void fill(struct dataset *set, uint64_t seed, double noise)
{
    float *centres = memory_zeroed(set->classes * set->width, sizeof *centres);
    struct draw draw = {.seed = seed, .purpose = PURPOSE_DATA, .rank = 1};
    for (size_t i = 0; i < set->classes * set->width; i++)
        centres[i] = (float)draw_normal(draw, i);
    for (size_t i = 0; i < set->rows; i++) {
        draw = (struct draw){.seed = seed, .purpose = PURPOSE_DATA, .step = (uint32_t)i};
        size_t label = draw_below(draw, set->width, (uint32_t)set->classes);
        set->labels[i] = (int32_t)label;
        for (size_t j = 0; j < set->width; j++)
            set->features[i * set->width + j] =
                centres[label * set->width + j] + (float)(noise * draw_normal(draw, j));
    }
    free(centres);
}

static struct dataset *open(const char *text, const char *where, uint64_t seed, bool shapes_only,
                            struct errors *errors)
{
    struct shape shape = {.rows = 10000, .features = 64, .classes = 10, .noise = 1};
    if (!read_shape(text, where, &shape, errors))
        return NULL;
    struct dataset *set = dataset_make("synthetic", shape.rows, shape.features, shape.classes,
                                       shapes_only, where, errors);
    if (set && !shapes_only)
        fill(set, seed, shape.noise);
    return set;
}

const struct dataset_ops dataset_synthetic = {
    .name = "synthetic",
    .summary = "Gaussian classes of any size and shape, drawn by the seed",
    .options = "rows=10000 features=64 classes=10 noise=1",
    .open = open,
};
