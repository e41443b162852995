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

struct blobs {
    struct draw draw;
    double noise;
    float *centres; /* (classes, width) */
};

static size_t label_of(const struct dataset *set, struct draw of_row)
{
    return draw_below(of_row, set->width, (uint32_t)set->classes);
}

static struct draw of_row(const struct blobs *blobs, size_t row)
{
    struct draw draw = blobs->draw;
    draw.step = (uint32_t)row;
    return draw;
}

static void input(const struct dataset *set, size_t row, void *to)
{
    const struct blobs *blobs = set->state;
    struct draw draw = of_row(blobs, row);
    const float *centre = blobs->centres + label_of(set, draw) * set->width;
    float *values = to;
    for (size_t i = 0; i < set->width; i++)
        values[i] = centre[i] + (float)(blobs->noise * draw_normal(draw, i));
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    *(int32_t *)to = (int32_t)label_of(set, of_row(set->state, row));
}

static void release(struct dataset *set)
{
    struct blobs *blobs = set->state;
    free(blobs->centres);
    free(blobs);
}

static bool draw_centres(struct dataset *set, const struct dataset_request *request, double noise,
                         struct errors *errors)
{
    float *centres = dataset_room(set->classes, set->width, request->where, errors);
    struct blobs *blobs = memory_zeroed(1, sizeof *blobs);
    struct draw draw = {.seed = request->seed, .purpose = PURPOSE_DATA, .rank = 1};
    for (size_t i = 0; centres && i < set->classes * set->width; i++)
        centres[i] = (float)draw_normal(draw, i);
    draw.rank = 0;
    *blobs = (struct blobs){.draw = draw, .noise = noise, .centres = centres};
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = blobs;
    return centres;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    struct shape shape = {.rows = 10000, .features = 64, .classes = 10, .noise = 1};
    if (!read_shape(request->text, request->where, &shape, errors))
        return NULL;
    struct dataset *set = dataset_make("synthetic", shape.rows);
    set->width = shape.features;
    set->classes = shape.classes;
    set->drawn = true;
    if (request->shapes_only || draw_centres(set, request, shape.noise, errors))
        return set;
    dataset_free(set);
    return NULL;
}

const struct dataset_ops dataset_synthetic = {
    .name = "synthetic",
    .summary = "Gaussian classes of any size and shape, drawn by the seed",
    .options = "rows=10000 features=64 classes=10 noise=1",
    .open = open,
};
