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
    bed.model = model_create(bed.self, bed.network, (struct model_place){.stage = 0, .stages = 1, .tensor = 0, .tensors = 1}, 1, 1, true,
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

/* ---- The papers' formulas, a tensor at a time. ---- */

struct reference {
    double w[COUNT], m[COUNT], v[COUNT];
};

static double length_of(const double *x, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* You et al. 2020, algorithm 2, of options lr=0.02, beta1=0.8, beta2=0.95, eps=1e-4, decay=0.1. */
static void lamb(struct reference *r, int at, int count, int step)
{
    double direction[COUNT];
    for (int i = 0; i < count; i++) {
        double g = (double)gradient_at(at + i, step);
        double *m = &r->m[at + i], *v = &r->v[at + i];
        *m = 0.8 * *m + 0.2 * g;
        *v = 0.95 * *v + 0.05 * g * g;
        double corrected = *m / (1 - pow(0.8, step + 1)), square = *v / (1 - pow(0.95, step + 1));
        direction[i] = corrected / (sqrt(square) + 1e-4) + 0.1 * r->w[at + i];
    }
    double w = length_of(r->w + at, count), d = length_of(direction, count);
    for (int i = 0; i < count; i++)
        r->w[at + i] -= 0.02 * (w > 0 && d > 0 ? w / d : 1) * direction[i];
}

/* You et al. 2017, algorithm 1, of options lr=0.5, momentum=0.8, weight_decay=0.1, trust=0.02. */
static void lars(struct reference *r, int at, int count, int step)
{
    double g[COUNT];
    for (int i = 0; i < count; i++)
        g[i] = (double)gradient_at(at + i, step);
    double wide = length_of(r->w + at, count), slope = length_of(g, count);
    double local = wide > 0 && slope > 0 ? 0.02 * wide / (slope + 0.1 * wide) : 1;
    for (int i = 0; i < count; i++) {
        double *w = &r->w[at + i], *v = &r->v[at + i];
        *v = 0.8 * *v + 0.5 * local * (g[i] + 0.1 * *w);
        *w -= *v;
    }
}

static void as_formula(const char *words, void (*reference)(struct reference *, int, int, int))
{
    static const int tensors[][2] = {{0, 6}, {6, 3}, {9, 3}, {12, 1}};
    struct bed bed = bed_of(words);
    struct reference r = {0};
    CHECK_NEAR(weight_at(12), 0, 0); /* a tensor of norm 0 */
    for (int i = 0; i < COUNT; i++)
        r.w[i] = (double)weight_at(i);
    for (int step = 0; step < STEPS; step++) {
        bed_step(&bed, step);
        for (int t = 0; t < 4; t++)
            reference(&r, tensors[t][0], tensors[t][1], step);
        for (int i = 0; i < COUNT; i++)
            CHECK_NEAR(bed.model->parameters[i], r.w[i], 1e-6);
    }
    bed_release(&bed);
}

static void as_papers(void)
{
    as_formula("lamb:lr=0.02,beta1=0.8,beta2=0.95,eps=1e-4,weight_decay=0.1", lamb);
    as_formula("lars:lr=0.5,momentum=0.8,weight_decay=0.1,trust=0.02", lars);
}

static void without_momentum_lars_is_scaled_sgd(void)
{
    struct bed a = bed_of("lars:lr=0.5,momentum=0,weight_decay=0.1");
    struct bed b = bed_of("lars:lr=0.5,momentum=1e-30,weight_decay=0.1");
    bed_step(&a, 0);
    bed_step(&b, 0);
    for (int i = 0; i < COUNT; i++)
        CHECK_NEAR(a.model->parameters[i], b.model->parameters[i], 1e-7);
    bed_release(&a);
    bed_release(&b);
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

SUITE("model: optimizers", TEST(as_pytorch), TEST(as_papers),
      TEST(without_momentum_lars_is_scaled_sgd), TEST(options_are_the_defaults));
