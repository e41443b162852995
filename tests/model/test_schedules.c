/* Schedules are their formulas, and PyTorch's where it has them. */
#include "tests/check.h"

#include "threadrack/model/schedule.h"

static struct schedule *parse(const char *words, uint64_t steps, double factor)
{
    struct errors errors;
    errors_init(&errors);
    struct schedule *schedule = schedule_parse(words, "lr_schedule", &errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    CHECK_FATAL(schedule != NULL);
    schedule_fit(schedule, steps, factor);
    return schedule;
}

static void rates(const char *words, uint64_t steps, double factor, const double *expected,
                  int count)
{
    struct schedule *schedule = parse(words, steps, factor);
    for (int i = 0; i < count; i++)
        CHECK_NEAR(schedule_rate(schedule, (uint64_t)i), expected[i], 1e-12);
    schedule_free(schedule);
}
#define RATES(words, steps, factor, ...)                                                           \
    rates(words, steps, factor, (const double[]){__VA_ARGS__},                                     \
          (int)(sizeof((const double[]){__VA_ARGS__}) / sizeof(double)))

static void formulas(void)
{
    RATES("constant", 4, 1, 1, 1, 1, 1, 1);
    RATES("linear", 4, 1, 1, 0.75, 0.5, 0.25, 0, 0);
    RATES("linear:final=0.5", 4, 1, 1, 0.875, 0.75, 0.625, 0.5);
    RATES("linear:steps=2", 4, 1, 1, 0.5, 0, 0);
    RATES("linear:warmup=2", 4, 1, 0.5, 1, 1, 0.5, 0);
    RATES("step:every=2,gamma=0.5", 4, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125);
    RATES("step:every=1,gamma=0.5,final=0.2", 4, 1, 1, 0.5, 0.25, 0.2, 0.2);
    RATES("step:every=3,gamma=0.5,warmup=2", 8, 1, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.25);
    RATES("cosine:final=1", 3, 1, 1, 1, 1, 1);
}

/* torch.optim.lr_scheduler.CosineAnnealingLR(lr=1, T_max=7, eta_min=0.1), StepLR(lr=1, 2, 0.3). */
static void as_pytorch(void)
{
    RATES("cosine:final=0.1", 7, 1, 1.0, 0.9554359905560885, 0.8305704108364301,
          0.6501344202803413, 0.4498655797196586, 0.2694295891635698, 0.14456400944391145, 0.1);
    RATES("step:every=2,gamma=0.3", 7, 1, 1, 1, 0.3, 0.3, 0.09, 0.09, 0.027);
}

/* From the rate of one node to that of four. */
static void scaling(void)
{
    RATES("constant", 4, 4, 4, 4, 4);
    RATES("constant:warmup=3", 9, 4, 2, 3, 4, 4, 4);
    RATES("constant:warmup=4,start=0", 9, 4, 1, 2, 3, 4, 4);
    RATES("linear:warmup=1", 3, 2, 2, 2, 1, 0);
}

static void the_ends(void)
{
    RATES("cosine:warmup=5", 3, 1, 0.2, 0.4, 0.6, 0.8, 1, 0, 0); /* decay has no room */
    struct schedule *schedule = parse("step:every=1,gamma=0.999999", 1, 1);
    CHECK_NEAR(schedule_rate(schedule, 1000000000), 0, 1e-12);
    schedule_free(schedule);
    for (int i = 0; schedules[i]; i++) {
        char words[64];
        snprintf(words, sizeof words, "%s:warmup=10", schedules[i]->name);
        schedule = parse(words, 40, 1);
        CHECK_NEAR(schedule_rate(schedule, 0), 0.1, 1e-12);
        CHECK_NEAR(schedule_rate(schedule, 9), 1, 1e-12);
        CHECK_EQUAL(schedule_warmup(schedule), 10);
        for (uint64_t step = 10; step < 50; step++)
            CHECK(schedule_rate(schedule, step) <= 1 && schedule_rate(schedule, step) >= 0);
        schedule_free(schedule);
    }
}

static void refused(const char *words, const char *expected)
{
    struct errors errors;
    errors_init(&errors);
    CHECK(!schedule_parse(words, "lr_schedule", &errors));
    CHECK_EQUAL(errors.count, 1);
    CHECK(errors.count && strstr(errors.messages[0], expected));
    errors_release(&errors);
}

static void wrong_words(void)
{
    refused("cosin", "did you mean 'cosine'");
    refused("cosine:warmpu=3", "did you mean 'warmup'");
    refused("cosine:warmup=0.5", "warmup=0.5");
    refused("cosine:final=2", "from 0 to 1");
    refused("step:every=0", "from 1 to");
    refused("constant:final=0", "has no option 'final'");
    refused("linear:0.5", "as in linear:warmup=0");
}

SUITE("model: schedules", TEST(formulas), TEST(as_pytorch), TEST(scaling), TEST(the_ends),
      TEST(wrong_words));
