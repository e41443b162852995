/* Image-like rows: each class has a pattern, a sum of a few plane waves in each channel; a row is
 * its class's pattern, moved by up to `shift` pixels either way, plus noise, which is uniform with
 * the given standard deviation. Patterns have variance 1. */
#include "../drawn.h"

#include "threadrack/base/memory.h"

#include <math.h>
#include <stdlib.h>

enum { WAVES = 3, MOST_PERIODS = 3 };
/* Sequence numbers of a row's draws, noise from NOISE on, four pixels a draw. */
enum { LABEL, RIGHT, DOWN, NOISE = 16, PIXELS_PER_DRAW = 4, NOISE_BITS = 16 };

struct images {
    uint64_t seed;
    double noise;
    size_t size, channels, shift;
    size_t side;     /* of a pattern: size + 2 shift */
    float *patterns; /* (classes, channels, side, side) */
};

static size_t label_of(const struct dataset *set, struct draw of_row)
{
    return draw_below(of_row, LABEL, (uint32_t)set->classes);
}

static void copy_pattern(const struct images *images, const float *pattern, float *to)
{
    size_t size = images->size, side = images->side;
    for (size_t channel = 0; channel < images->channels; channel++)
        for (size_t y = 0; y < size; y++)
            for (size_t x = 0; x < size; x++)
                to[(channel * size + y) * size + x] = pattern[(channel * side + y) * side + x];
}

/* Uniform in [-sqrt 3, sqrt 3) deviations. */
static void add_noise(struct draw draw, double noise, float *pixels, size_t count)
{
    const double most = sqrt(3) * noise, step = 2 * most / (1 << NOISE_BITS);
    for (size_t i = 0; i < count; i += PIXELS_PER_DRAW) {
        uint64_t bits = draw_bits(draw, NOISE + i / PIXELS_PER_DRAW);
        for (size_t j = i; j < i + PIXELS_PER_DRAW && j < count; j++, bits >>= NOISE_BITS)
            pixels[j] += (float)(step * (double)(bits & 0xffff) - most);
    }
}

static void input(const struct dataset *set, size_t row, void *to)
{
    const struct images *images = set->state;
    struct draw draw = draw_of_row(images->seed, row);
    uint32_t places = (uint32_t)(2 * images->shift + 1);
    size_t pattern = label_of(set, draw) * images->channels * images->side * images->side;
    size_t corner = draw_below(draw, DOWN, places) * images->side + draw_below(draw, RIGHT, places);
    copy_pattern(images, images->patterns + pattern + corner, to);
    add_noise(draw, images->noise, to, set->width);
}

static void targets(const struct dataset *set, size_t row, void *to)
{
    const struct images *images = set->state;
    *(int32_t *)to = (int32_t)label_of(set, draw_of_row(images->seed, row));
}

static void release(struct dataset *set)
{
    struct images *images = set->state;
    free(images->patterns);
    free(images);
}

/* Adds one wave, of up to MOST_PERIODS periods across an image in either direction. */
static void add_wave(const struct images *images, struct draw draw, size_t number, float *pattern)
{
    const double turn = 2 * acos(-1), amplitude = sqrt(2.0 / WAVES);
    double periods_x = (2 * draw_uniform(draw, 3 * number) - 1) * MOST_PERIODS;
    double periods_y = (2 * draw_uniform(draw, 3 * number + 1) - 1) * MOST_PERIODS;
    double phase = turn * draw_uniform(draw, 3 * number + 2);
    for (size_t y = 0; y < images->side; y++)
        for (size_t x = 0; x < images->side; x++)
            pattern[y * images->side + x] +=
                (float)(amplitude * cos(turn * (periods_x * (double)x + periods_y * (double)y) /
                                            (double)images->size +
                                        phase));
}

static bool draw_patterns(struct dataset *set, const struct images *asked,
                          const struct dataset_request *request, struct errors *errors)
{
    struct images *images = memory_zeroed(1, sizeof *images);
    *images = *asked;
    images->seed = request->seed;
    images->side = images->size + 2 * images->shift;
    set->input = input;
    set->targets = targets;
    set->release = release;
    set->state = images;
    size_t area = images->side * images->side, planes = set->classes * images->channels;
    images->patterns = dataset_room(planes, area, request->where, errors);
    for (size_t i = 0; images->patterns && i < planes * WAVES; i++)
        add_wave(images, draw_of_set(request->seed, DRAWN_WAVES), i,
                 images->patterns + i / WAVES * area);
    return images->patterns;
}

static struct dataset *open(const struct dataset_request *request, struct errors *errors)
{
    size_t rows = 10000, classes = 10;
    struct images asked = {.size = 28, .channels = 1, .shift = 2, .noise = 1};
    struct data_option options[] = {
        {.key = "rows", .count = &rows, .low = 1, .high = drawn_rows_most},
        {.key = "size", .count = &asked.size, .low = 1, .high = 4096},
        {.key = "channels", .count = &asked.channels, .low = 1, .high = 4096},
        {.key = "classes", .count = &classes, .low = 1, .high = CLASSES_MOST},
        {.key = "shift", .count = &asked.shift, .low = 0, .high = 4096},
        {.key = "noise", .real = &asked.noise, .low = 0, .high = 1e6},
        {0},
    };
    if (!drawn_options(options, dataset_images.options, request, errors))
        return NULL;
    struct dataset *set = dataset_make("images", rows);
    set->width = asked.channels * asked.size * asked.size;
    set->image = (struct image_shape){asked.channels, asked.size, asked.size};
    set->classes = classes;
    set->drawn = true;
    if (request->shapes_only || draw_patterns(set, &asked, request, errors))
        return set;
    dataset_free(set);
    return NULL;
}

const struct dataset_ops dataset_images = {
    .name = "images",
    .summary = "synthetic: square images, a pattern for each class, moved, with noise",
    .options = "rows=10000,size=28,channels=1,classes=10,shift=2,noise=1",
    .open = open,
};
