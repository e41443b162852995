/* What the rack costs beside its maths: a data-parallel run on 16 threads against the same 16 shares
 * of the batch done one after the other on one thread, in turn in one run. The aim: under 10 % when
 * each node's step is 5 ms of maths or more. Wall-clock ratios mean something on an idle machine only;
 * the ratio of CPU times does on a busy one, too. */
#include "threadrack/experiment/experiment.h"
#include "threadrack/math/math.h"
#include "threadrack/model/optimizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NODES = 16, STEPS = 12, ROUNDS = 3 };

struct shape {
    const char *model;
    int rows; /* a node */
};

struct times {
    double wall, cpu;
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct times now(void)
{
    return (struct times){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

static struct times since(struct times begun)
{
    struct times end = now();
    return (struct times){end.wall - begun.wall, end.cpu - begun.cpu};
}

static struct times serial_step(const struct shape *shape)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = model_parse(shape->model, "bench", &errors);
    struct optimizer_spec *rule = optimizer_parse("sgd:lr=0.01", "bench", &errors);
    struct rank *rank = rank_observer();
    struct model *model = model_create(rank, spec, (struct model_place){.stage = 0, .stages = 1, .tensor = 0, .tensors = 1},
                                       (size_t)shape->rows, (size_t)shape->rows, true,
                                       (struct model_hooks){0});
    struct optimizer *optimizer = optimizer_create(rank, rule, model);
    struct share rows = {0, (size_t)shape->rows};
    int32_t *labels = calloc((size_t)shape->rows, sizeof *labels);
    model_init(model, 1);
    struct times begun = now();
    for (int i = -2; i < STEPS * NODES; i++) {
        if (i == 0)
            begun = now();
        model_forward(rank, model, rows);
        model_loss(rank, model, rows, labels, 1e-3f);
        model_backward(rank, model, rows, true, true);
        optimizer_step(rank, optimizer, model);
    }
    struct times elapsed = since(begun);
    free(labels);
    optimizer_free(optimizer);
    model_free(model);
    rank_observer_free(rank);
    optimizer_spec_free(rule);
    model_spec_free(spec);
    errors_release(&errors);
    return (struct times){elapsed.wall / STEPS, elapsed.cpu / STEPS};
}

static struct times run_of(const struct shape *shape, const struct host *host, int cores, int steps)
{
    char words[8][96];
    struct errors errors;
    errors_init(&errors);
    struct config *config = experiment_config();
    snprintf(words[0], sizeof words[0], "model=%s", shape->model);
    snprintf(words[1], sizeof words[1], "batch=%d", shape->rows * NODES);
    snprintf(words[2], sizeof words[2], "steps=%d", steps);
    snprintf(words[3], sizeof words[3], "nodes=%d", NODES);
    snprintf(words[4], sizeof words[4], "strategy=data");
    snprintf(words[5], sizeof words[5], "data=synthetic:rows=2000,features=784,classes=10");
    snprintf(words[6], sizeof words[6], "data.train_rows=2000");
    snprintf(words[7], sizeof words[7], "optimizer=sgd:lr=0.01");
    for (int i = 0; i < 8; i++)
        config_set(config, words[i], &errors);
    struct times begun = now();
    struct result *result = experiment_run(config, host, (struct seat_range){0, cores},
                                           (struct progress_hook){0}, &errors);
    errors_print(&errors, stderr);
    struct times elapsed = since(begun);
    result_free(result);
    config_free(config);
    errors_release(&errors);
    return elapsed;
}

/* Set-up is in both runs, and not in their difference. */
static struct times step_of(const struct shape *shape, const struct host *host, int cores)
{
    struct times few = run_of(shape, host, cores, 2), many = run_of(shape, host, cores, 2 + STEPS);
    return (struct times){(many.wall - few.wall) / STEPS, (many.cpu - few.cpu) / STEPS};
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

static void bench(const struct shape *shape, const struct host *host)
{
    double maths[ROUNDS], one[ROUNDS], all[ROUNDS], cpu[ROUNDS];
    int cores = host_core_count(host);
    for (int i = 0; i < ROUNDS; i++) {
        struct times serial = serial_step(shape);
        struct times on_one = step_of(shape, host, 1), on_all = step_of(shape, host, cores);
        maths[i] = serial.cpu / NODES;
        one[i] = on_one.wall / serial.wall;
        cpu[i] = on_one.cpu / serial.cpu;
        all[i] = on_all.wall / serial.wall;
    }
    printf("%-22s %4d rows a node, %6.2f ms of maths: CPU %.3f and wall %.3f of the maths on 1 core, "
           "wall %.3f on %d cores\n",
           shape->model, shape->rows, median(maths) * 1e3, median(cpu), median(one), median(all),
           cores);
}

int main(void)
{
    static const struct shape shapes[] = {
        {"mlp:784-512-256-10", 32}, {"mlp:784-512-256-10", 160}, {"mlp:784-1024-1024-10", 160}};
    struct errors errors;
    errors_init(&errors);
    struct host *host = host_open(&errors);
    if (!host || !math_start("auto", &errors)) {
        errors_print(&errors, stderr);
        return 1;
    }
    printf("rack: a data-parallel step of 16 nodes against its maths done serially\n");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        bench(&shapes[i], host);
    host_close(host);
    errors_release(&errors);
    return 0;
}
