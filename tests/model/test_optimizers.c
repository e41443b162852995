/* Optimizers do what their formulas say: as PyTorch's figures have it (tests/oracle/optimizers.py
 * wrote them), and as plain loops in double precision over the papers' formulas. Run from the top
 * of the source tree. */
#include "tests/check.h"

#include "threadrack/math/math.h"
#include "threadrack/model/optimizer.h"

#include <stdlib.h>

enum { COUNT = 13, STEPS = 6 }; /* mlp:2-3-1: weights 6 and 3, biases 3 and 1 */

static float weight_at(int i)
{
    return (float)(i * 7 % COUNT - 6) / 8;
}

static float gradient_at(int i, int step)
{
    return (float)((i * 5 + step * 3) % 17 - 8) / 16;
}

static struct optimizer_spec *parse(const char *words)
{
    struct errors errors;
    errors_init(&errors);
    struct optimizer_spec *spec = optimizer_parse(words, "optimizer", &errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    CHECK_FATAL(spec != NULL);
    return spec;
}

/* A network whose weights and gradients are set from outside. */
struct bed {
    struct rank *self;
    struct model_spec *network;
    struct optimizer_spec *how;
    struct model *model;
    struct optimizer *optimizer;
};

static struct bed bed_of(const char *words)
{
    struct errors errors;
    errors_init(&errors);
    CHECK_FATAL(math_start("auto", &errors));
    struct bed bed = {.self = rank_observer(), .network = model_parse("mlp:2-3-1", "model", &errors)};
    bed.model = model_create(bed.self, bed.network, (struct model_place){0, 1, 0, 1}, 1, 1, true,
                             (struct model_hooks){0});
    CHECK_EQUAL(bed.model->parameter_count, COUNT);
    bed.how = parse(words);
    bed.optimizer = optimizer_create(bed.self, bed.how, bed.model);
    for (int i = 0; i < COUNT; i++)
        bed.model->parameters[i] = weight_at(i);
    return bed;
}

static void bed_step(struct bed *bed, int step)
{
    for (int i = 0; i < COUNT; i++)
        bed->model->gradients[i] = gradient_at(i, step);
    optimizer_step(bed->self, bed->optimizer, bed->model);
}

static void bed_release(struct bed *bed)
{
    optimizer_free(bed->optimizer);
    optimizer_spec_free(bed->how);
    model_free(bed->model);
    model_spec_free(bed->network);
    rank_observer_free(bed->self);
}

/* ---- PyTorch's figures: lines of words;step;w0;...;w12. ---- */

static void compare_line(const struct bed *bed, char *rest)
{
    for (int i = 0; i < COUNT; i++) {
        double expected = strtod(rest, &rest);
        CHECK_NEAR(bed->model->parameters[i], expected, 2e-7 * (1 + fabs(expected)));
        rest++;
    }
}

static void as_pytorch(void)
{
    char line[512];
    struct bed bed = {0};
    int lines = 0;
    FILE *stream = fopen("tests/oracle/optimizers.csv", "r");
    CHECK_FATAL(stream != NULL);
    for (; fgets(line, sizeof line, stream); lines++) {
        char *words = strtok(line, ";"), *step = strtok(NULL, ";");
        if (lines % STEPS == 0)
            bed = bed_of(words);
        CHECK_EQUAL(atoi(step), lines % STEPS + 1);
        bed_step(&bed, lines % STEPS);
        compare_line(&bed, strtok(NULL, "\n"));
        if (lines % STEPS == STEPS - 1)
            bed_release(&bed);
    }
    fclose(stream);
    CHECK_EQUAL(lines, 8 * STEPS);
}

/* ---- Every member: its options' text is its defaults. ---- */

static void options_are_the_defaults(void)
{
    for (int i = 0; optimizers[i]; i++) {
        char words[256];
        snprintf(words, sizeof words, "%s:%s", optimizers[i]->name, optimizers[i]->options);
        struct bed plain = bed_of(optimizers[i]->name), spelt = bed_of(words);
        for (int step = 0; step < STEPS; step++) {
            bed_step(&plain, step);
            bed_step(&spelt, step);
        }
        CHECK(!memcmp(plain.model->parameters, spelt.model->parameters, COUNT * sizeof(float)));
        CHECK(plain.model->parameters[0] != weight_at(0));
        bed_release(&plain);
        bed_release(&spelt);
    }
}

SUITE("model: optimizers", TEST(as_pytorch), TEST(options_are_the_defaults));
