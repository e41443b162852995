/* How fast one rank trains, on one core: a whole step (forward, loss, backward, SGD's update) of
 * each model of the table, beside its bare products, ours and BLIS's alone, and PyTorch, tuned and as Debian
 * has it.
 *
 *     bench_models [ROW [TURNS]]       ROW from 1, 0 for all
 *
 * The machine is shared and its speed swings twofold, so all are timed by turns in one run, in CPU
 * time: a ratio is the median over turns, samples a second are the best turn's.
 */
#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"
#include "threadrack/model/model.h"
#include "threadrack/model/optimizer.h"

#include "parts/bare.h"
#include "parts/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct row {
    const char *model;
    size_t batch;
    double aim; /* times PyTorch's speed, tuned */
} table[] = {
    {"mlp:64-128-64-10", 64, 3},
    {"mlp:784-512-256-10", 128, 1.35},
    {"mlp:1024-4096-4096-10", 256, 1.25},
    {"cnn:32-64:128,input=1x28x28,outputs=10", 64, 1.5},
    {"gpt:layers=4,heads=4,width=256,context=128", 8, 1.5},
};

enum { ROWS = sizeof table / sizeof *table, TURNS_MOST = 64 };
static const double turn_seconds = 0.3;

/* Who takes turns. */
enum { FUSED, APART, BARE, BLIS_ALONE, TUNED, UNTUNED, RUNNERS };

struct trainee {
    struct rank *self;
    struct model *model;
    struct optimizer *optimizer;
    int32_t *targets;
    size_t rows;
};

/* Tokens where the model takes them, real values else. */
static void fill_input(struct trainee *t, const struct model_spec *spec)
{
    float *x = model_input(t->model, (struct share){0, t->rows});
    for (size_t i = 0; i < t->rows * model_input_width(spec); i++)
        if (model_context(spec))
            ((int32_t *)x)[i] = (int32_t)(i * 7919 % 128);
        else
            x[i] = 1e-3f * (float)((int)(i * 7919 % 2001) - 1000);
}

static struct trainee trainee_create(const struct model_spec *spec,
                                     const struct optimizer_spec *how, size_t rows, bool fused)
{
    struct trainee t = {.self = rank_observer(), .rows = rows};
    size_t targets = rows * model_target_width(spec);
    t.model = model_create(t.self, spec, (struct model_place){.stage = 0, .stages = 1, .tensor = 0, .tensors = 1}, rows, rows, true,
                           (struct model_hooks){0});
    t.optimizer = optimizer_create(t.self, how, t.model);
    t.targets = memory_zeroed(targets, sizeof *t.targets);
    model_init(t.model, 1);
    if (fused)
        optimizer_fuse(t.optimizer, t.model);
    fill_input(&t, spec);
    for (size_t i = 0; i < targets; i++)
        t.targets[i] = (int32_t)(i % 10);
    return t;
}

static void trainee_step(struct trainee *t)
{
    struct share all = {0, t->rows};
    model_forward(t->self, t->model, all);
    model_loss(t->self, t->model, all, t->targets, 1.0f / (float)t->rows);
    model_backward(t->self, t->model, all, true, true);
    optimizer_step(t->self, t->optimizer, t->model);
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct contest {
    struct trainee trainees[2];
    struct bare *bare;
    struct peer *peers[2];
    double seconds[RUNNERS][TURNS_MOST];
};

static void choose(const char *kernel)
{
    struct errors errors;
    errors_init(&errors);
    if (!math_start(kernel, &errors))
        errors_print(&errors, stderr);
    errors_release(&errors);
}

static double own_turn(struct contest *contest, int runner)
{
    choose(runner == BLIS_ALONE ? "blis" : "auto");
    double from = cpu_seconds(), spent = 0;
    int steps = 0;
    for (; spent < turn_seconds; steps++, spent = cpu_seconds() - from)
        if (runner >= BARE)
            bare_step(contest->bare);
        else
            trainee_step(&contest->trainees[runner]);
    choose("auto");
    return spent / steps;
}

static double turn(struct contest *contest, int runner)
{
    if (runner < TUNED)
        return own_turn(contest, runner);
    return contest->peers[runner - TUNED] ? peer_seconds(contest->peers[runner - TUNED]) : 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over turns of one runner's time over the quicker of our two. */
static double ratio(const struct contest *contest, int runner, int turns)
{
    double ratios[TURNS_MOST];
    for (int i = 0; i < turns; i++) {
        double fused = contest->seconds[FUSED][i], apart = contest->seconds[APART][i];
        ratios[i] = contest->seconds[runner][i] / (fused < apart ? fused : apart);
    }
    qsort(ratios, (size_t)turns, sizeof *ratios, ascending);
    return (ratios[turns / 2] + ratios[(turns - 1) / 2]) / 2;
}

static double best(const double *seconds, int turns)
{
    double least = seconds[0];
    for (int i = 1; i < turns; i++)
        least = seconds[i] < least ? seconds[i] : least;
    return least;
}

static void print_peer(const struct row *row, const struct contest *contest, int runner, int turns)
{
    if (!contest->peers[runner - TUNED])
        return;
    printf("  PyTorch %-8s %9.1f samples/s, we are %.2f times as fast",
           runner == TUNED ? "tuned" : "untuned",
           (double)row->batch / best(contest->seconds[runner], turns),
           ratio(contest, runner, turns));
    printf(runner == TUNED ? " (aim %.2f)\n" : "\n", row->aim);
}

static void print(const struct row *row, const struct contest *contest, int turns)
{
    double fused = best(contest->seconds[FUSED], turns);
    double apart = best(contest->seconds[APART], turns);
    printf("  threadrack       %9.1f samples/s (update apart: %.1f), %.3f of its bare products', %.3f of BLIS's\n",
           (double)row->batch / fused, (double)row->batch / apart, ratio(contest, BARE, turns),
           ratio(contest, BLIS_ALONE, turns));
    print_peer(row, contest, TUNED, turns);
    print_peer(row, contest, UNTUNED, turns);
    fflush(stdout);
}

static void measure(const struct row *row, const struct model_spec *spec,
                    const struct optimizer_spec *how, int turns)
{
    struct contest contest = {.bare = bare_create(row->model, row->batch)};
    printf("%s batch %zu\n", row->model, row->batch);
    for (int i = 0; i < 2; i++) {
        contest.trainees[i] = trainee_create(spec, how, row->batch, i == FUSED);
        contest.peers[i] = peer_start(row->model, row->batch, i == 0);
    }
    for (int runner = 0; runner < RUNNERS; runner++)
        turn(&contest, runner); /* to warm up */
    for (int i = 0; i < turns; i++)
        for (int runner = 0; runner < RUNNERS; runner++)
            contest.seconds[runner][i] = turn(&contest, runner);
    print(row, &contest, turns);
    for (int i = 0; i < 2; i++)
        if (contest.peers[i])
            peer_stop(contest.peers[i]);
    bare_free(contest.bare);
}

static bool measure_row(const struct row *row, int turns, struct errors *errors)
{
    struct model_spec *spec = model_parse(row->model, "model", errors);
    struct optimizer_spec *how = optimizer_parse("sgd:lr=0.01", "optimizer", errors);
    bool good = spec && how && model_bind(spec, NULL, "model", errors);
    if (good)
        measure(row, spec, how, turns);
    optimizer_spec_free(how);
    model_spec_free(spec);
    return good;
}

int main(int count, char **arguments)
{
    int only = count > 1 ? atoi(arguments[1]) : 0, turns = count > 2 ? atoi(arguments[2]) : 5;
    struct errors errors;
    errors_init(&errors);
    bool good = math_start("auto", &errors) && turns > 0 && turns <= TURNS_MOST;
    printf("kernels %s, BLIS %s %s, products by %s\n", math_kernel(), math_blis_version(), math_blis_build(),
           math_products());
    for (int i = 0; good && i < ROWS; i++)
        if (only == 0 || only == i + 1)
            good = measure_row(&table[i], turns, &errors);
    errors_print(&errors, stderr);
    errors_release(&errors);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
