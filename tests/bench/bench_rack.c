/* What the rack costs beside its maths: a data-parallel run on 16 threads against the same 16 shares
 * of the batch done one after the other on one thread, in turn in one run. The aim: under 10 % when
 * each node's step is 5 ms of maths or more. */
#include "threadrack/experiment/experiment.h"
#include "threadrack/math/math.h"
#include "threadrack/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NODES = 16, STEPS = 12, ROUNDS = 5 };

struct shape {
    const char *model;
    int rows; /* a node */
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double serial_step_s(const struct shape *shape)
{
    struct errors errors;
    errors_init(&errors);
    struct model_spec *spec = model_parse(shape->model, "bench", &errors);
    struct optimizer_spec *rule = optimizer_parse("sgd:lr=0.01", "bench", &errors);
    struct rank *rank = rank_observer();
    struct model *model = model_create(rank, spec, (struct model_place){0, 1, 0, 1},
                                       (size_t)shape->rows, true, (struct model_hooks){0});
    struct optimizer *optimizer = optimizer_create(rank, rule, model);
    struct share rows = {0, (size_t)shape->rows};
    int32_t *labels = calloc((size_t)shape->rows, sizeof *labels);
    model_init(model, 1);
    double begun = 0;
    for (int i = -2; i < STEPS * NODES; i++) {
        if (i == 0)
            begun = now_s();
        model_forward(rank, model, rows);
        model_loss(rank, model, rows, labels, 1e-3f);
        model_backward(rank, model, rows, true, true);
        optimizer_step(rank, optimizer, model);
    }
    double elapsed = now_s() - begun;
    free(labels);
    optimizer_free(optimizer);
    model_free(model);
    rank_observer_free(rank);
    optimizer_spec_free(rule);
    model_spec_free(spec);
    errors_release(&errors);
    return elapsed / STEPS;
}

static double wall_of(const struct shape *shape, const struct host *host, int cores, int steps)
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
    struct result *result = experiment_run(config, host, (struct seat_range){0, cores},
                                           (struct progress_hook){0}, &errors);
    errors_print(&errors, stderr);
    double wall = result->wall_s;
    result_free(result);
    config_free(config);
    errors_release(&errors);
    return wall;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void bench(const struct shape *shape, const struct host *host)
{
    double one[ROUNDS], all[ROUNDS], serial[ROUNDS];
    int cores = host_core_count(host);
    for (int i = 0; i < ROUNDS; i++) {
        serial[i] = serial_step_s(shape);
        /* Set-up is in both walls of a difference, and not in it. */
        double few = wall_of(shape, host, 1, 2);
        one[i] = (wall_of(shape, host, 1, 2 + STEPS) - few) / STEPS / serial[i];
        few = wall_of(shape, host, cores, 2);
        all[i] = (wall_of(shape, host, cores, 2 + STEPS) - few) / STEPS / serial[i];
    }
    qsort(serial, ROUNDS, sizeof *serial, by_value);
    qsort(one, ROUNDS, sizeof *one, by_value);
    qsort(all, ROUNDS, sizeof *all, by_value);
    printf("%-22s %4d rows a node, %6.2f ms of maths: wall / maths on 1 core %.3f (%.3f..%.3f), on "
           "%d cores %.3f\n",
           shape->model, shape->rows, serial[ROUNDS / 2] * 1e3 / NODES, one[ROUNDS / 2], one[0],
           one[ROUNDS - 1], cores, all[ROUNDS / 2]);
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
