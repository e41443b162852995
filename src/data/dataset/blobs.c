/* Gaussian classes: each class has a centre drawn from N(0, 1) in every feature, each row is its
 * class's centre plus noise. A row's class is drawn too, so that a first part is like the rest. */
#include "../drawn.h"

#include "threadrack/base/memory.h"

#include <stdlib.h>

struct blobs {
    uint64_t seed;
    double noise;
    float *centres; /* (classes, width) */
};

static size_t label_of(const struct dataset *set, struct draw of_row)
{
    return draw_below(of_row, set->width, (uint32_t)set->classes);
}

static void input(const struct dataset *set, size_t row, void *to)
{
    const struct blobs *blobs = set->state;
    struct draw draw = draw_of_row(blobs->seed, row);
    const float *centre = blobs->centres + label_of(set, draw) * set->width;
    float *values = to;
    for (size_t i = 0; i < set->width; i++)
        values[i] = centre[i] + (float)(blobs->noise * draw_normal(draw, i));
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    const struct blobs *blobs = set->state;
    *(int32_t *)to = (int32_t)label_of(set, draw_of_row(blobs->seed, row));
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
    struct blobs *blobs = memory_zeroed(1, sizeof *blobs);
    *blobs = (struct blobs){
        .seed = request->seed,
        .noise = noise,
        .centres = drawn_normals(draw_of_set(request->seed, DRAWN_CENTRES), set->classes,
                                 set->width, 1, request->where, errors),
    };
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = blobs;
    return blobs->centres;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    size_t rows = 10000, features = 64, classes = 10;
    double noise = 1;
    struct data_option options[] = {
        {.key = "rows", .count = &rows, .low = 1, .high = drawn_rows_most},
        {.key = "features", .count = &features, .low = 1, .high = drawn_width_most},
        {.key = "classes", .count = &classes, .low = 1, .high = CLASSES_MOST},
        {.key = "noise", .real = &noise, .low = 0, .high = 1e6},
        {0},
    };
    if (!drawn_options(options, dataset_blobs.options, request, errors))
        return NULL;
    struct dataset *set = dataset_make("blobs", rows);
    set->width = features;
    set->classes = classes;
    set->drawn = true;
    if (request->shapes_only || draw_centres(set, request, noise, errors))
        return set;
    dataset_free(set);
    return NULL;
}

const struct dataset_ops dataset_blobs = {
    .name = "blobs",
    .summary = "synthetic: Gaussian classes",
    .options = "rows=10000,features=64,classes=10,noise=1",
    .open = open,
};

const struct dataset_ops dataset_synthetic = {
    .name = "synthetic",
    .summary = "an older name of blobs",
    .options = "as blobs",
    .open = open,
};
