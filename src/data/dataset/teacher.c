/* What a random network answers: features from N(0, 1), a hidden layer, and as targets the largest
 * output's number, or the outputs themselves with target=real. The hidden layer's x / (1 + |x|) is
 * odd, so that classes are about equally frequent, and exact in floats on every machine. Noise is
 * added to the outputs before the largest is taken. */
#include "../drawn.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

struct teacher {
    uint64_t seed;
    double noise;
    size_t hidden, outputs;
    float *inwards;  /* (hidden, features), of variance 4 / features: far into the curve */
    float *outwards; /* (outputs, hidden), of variance 1 / hidden */
};

enum { HIDDEN_VARIANCE = 4 };

static void input(const struct dataset *set, size_t row, void *to)
{
    const struct teacher *teacher = set->state;
    struct draw draw = draw_of_row(teacher->seed, row);
    float *values = to;
    for (size_t i = 0; i < set->width; i++)
        values[i] = (float)draw_normal(draw, i);
}

static float product(const float *a, const float *b, size_t count)
{
    float sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The teacher's outputs for a row, noise included. */
static void answer(const struct dataset *set, size_t row, float *outputs)
{
    const struct teacher *teacher = set->state;
    struct draw draw = draw_of_row(teacher->seed, row);
    float *features = memory_zeroed(set->width + teacher->hidden, sizeof *features);
    float *hidden = features + set->width;
    input(set, row, features);
    for (size_t i = 0; i < teacher->hidden; i++) {
        float sum = product(teacher->inwards + i * set->width, features, set->width);
        hidden[i] = sum / (1 + fabsf(sum));
    }
    for (size_t i = 0; i < teacher->outputs; i++)
        outputs[i] = product(teacher->outwards + i * teacher->hidden, hidden, teacher->hidden) +
                     (float)(teacher->noise * draw_normal(draw, set->width + i));
    free(features);
}

static void values(const struct dataset *set, size_t row, void *to)
{
    answer(set, row, to);
}

static void label(const struct dataset *set, size_t row, void *to)
{
    float *outputs = memory_zeroed(set->classes, sizeof *outputs);
    size_t largest = 0;
    answer(set, row, outputs);
    for (size_t i = 1; i < set->classes; i++)
        if (outputs[i] > outputs[largest])
            largest = i;
    *(int32_t *)to = (int32_t)largest;
    free(outputs);
}

static void release(struct dataset *set)
{
    struct teacher *teacher = set->state;
    free(teacher->inwards);
    free(teacher->outwards);
    free(teacher);
}

static bool draw_weights(struct dataset *set, const struct teacher *asked,
                         const struct dataset_request *request, struct errors *errors)
{
    struct teacher *teacher = memory_zeroed(1, sizeof *teacher);
    *teacher = *asked;
    teacher->seed = request->seed;
    set->state = teacher;
    set->input = input;
    set->targets = set->classes ? label : values;
    set->release = release;
    teacher->inwards = drawn_normals(draw_of_set(request->seed, DRAWN_HIDDEN), teacher->hidden,
                                     set->width, sqrt(HIDDEN_VARIANCE / (double)set->width),
                                     request->where, errors);
    teacher->outwards =
        !teacher->inwards
            ? NULL
            : drawn_normals(draw_of_set(request->seed, DRAWN_OUTPUT), teacher->outputs,
                            teacher->hidden, sqrt(1 / (double)teacher->hidden), request->where,
                            errors);
    return teacher->outwards;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    size_t rows = 10000, features = 64;
    int target = TARGET_CLASS;
    struct teacher asked = {.hidden = 32, .outputs = 10};
    struct data_option options[] = {
        {.key = "rows", .count = &rows, .low = 1, .high = drawn_rows_most},
        {.key = "features", .count = &features, .low = 1, .high = drawn_width_most},
        {.key = "hidden", .count = &asked.hidden, .low = 1, .high = drawn_width_most},
        {.key = "outputs", .count = &asked.outputs, .low = 1, .high = CLASSES_MOST},
        {.key = "noise", .real = &asked.noise, .low = 0, .high = 1e6},
        {.key = "target", .choice = &target, .words = target_words},
        {0},
    };
    if (!drawn_options(options, dataset_teacher.options, request, errors))
        return NULL;
    struct dataset *set = dataset_make("teacher", rows);
    set->width = features;
    set->classes = target == TARGET_CLASS ? asked.outputs : 0;
    set->target_width = target == TARGET_CLASS ? 1 : asked.outputs;
    set->drawn = true;
    if (request->shapes_only || draw_weights(set, &asked, request, errors))
        return set;
    dataset_free(set);
    return NULL;
}

const struct dataset_ops dataset_teacher = {
    .name = "teacher",
    .summary = "synthetic: what a random network of one hidden layer answers",
    .options = "rows=10000,features=64,hidden=32,outputs=10,noise=0[,target=class|real]",
    .open = open,
};
