/* How much of the bare products' speed a step of training keeps: steps of one rank on
 * mlp:1024-4096-4096-10 at batch 256, and the same eight products called alone, by turns in one
 * run. The machine is shared, so the best of several turns counts, in CPU time of the thread.
 *
 *     bench_math [MODEL [BATCH [TURNS]]]
 */
#include "threadrack/base/memory.h"
#include "threadrack/math/math.h"
#include "threadrack/model/optimizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST = 64 };

struct network {
    int layers;
    size_t widths[MOST + 1];
};

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The widths of a plain `mlp:a-b-c`, whose form model_parse has checked. */
static struct network network_of(const char *text)
{
    struct network network = {.layers = -1};
    for (const char *at = text + 3; *at == ':' || *at == '-';) {
        char *end;
        network.widths[++network.layers] = strtoul(at + 1, &end, 10);
        at = end;
    }
    return network;
}

struct bare {
    float *x[MOST + 1], *w[MOST], *dw[MOST];
};

/* From the same kind of memory as a rank's, since alignment and page size matter to a product. */
static float *noise(struct rank *owner, size_t count)
{
    float *values = rank_alloc(owner, MEMORY_DATA, count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = 1e-3f * (float)((int)(i * 7919 % 2001) - 1000);
    return values;
}

static struct bare bare_create(struct rank *owner, const struct network *network, size_t rows)
{
    struct bare bare;
    for (int i = 0; i <= network->layers; i++)
        bare.x[i] = noise(owner, rows * network->widths[i]);
    for (int i = 0; i < network->layers; i++) {
        bare.w[i] = noise(owner, network->widths[i] * network->widths[i + 1]);
        bare.dw[i] = noise(owner, network->widths[i] * network->widths[i + 1]);
    }
    return bare;
}

/* Activations double as their own gradients: the values do not matter here, the traffic does. */
static void bare_step(const struct network *network, struct bare *bare, size_t rows)
{
    for (int l = 0; l < network->layers; l++) {
        size_t i = network->widths[l], o = network->widths[l + 1];
        math_gemm(PLAIN, TRANSPOSED, rows, o, i, 1e-3f, bare->x[l], i, bare->w[l], i, 0,
                  bare->x[l + 1], o);
    }
    for (int l = network->layers - 1; l >= 0; l--) {
        size_t i = network->widths[l], o = network->widths[l + 1];
        math_gemm(TRANSPOSED, PLAIN, o, i, rows, 1, bare->x[l + 1], o, bare->x[l], i, 0,
                  bare->dw[l], i);
        if (l)
            math_gemm(PLAIN, PLAIN, rows, i, o, 1e-3f, bare->x[l + 1], o, bare->w[l], i, 0,
                      bare->x[l], i);
    }
}

struct trainee {
    struct rank *self;
    struct model *model;
    struct optimizer *optimizer;
    int32_t *labels;
    size_t rows;
};

static struct trainee trainee_create(const struct model_spec *spec,
                                     const struct optimizer_spec *how, size_t rows, bool fused)
{
    struct trainee t = {.self = rank_observer(), .rows = rows};
    t.model = model_create(t.self, spec, (struct model_place){0, 1, 0, 1}, rows, rows, true,
                           (struct model_hooks){0});
    t.optimizer = optimizer_create(t.self, how, t.model);
    t.labels = memory_zeroed(rows, sizeof *t.labels);
    model_init(t.model, 1);
    if (fused)
        optimizer_fuse(t.optimizer, t.model);
    float *x = model_input(t.model, (struct share){0, rows});
    for (size_t i = 0; i < rows * model_input_width(spec); i++)
        x[i] = 1e-3f * (float)((int)(i * 7919 % 2001) - 1000);
    for (size_t i = 0; i < rows; i++)
        t.labels[i] = (int32_t)(i % model_output_width(spec));
    return t;
}

static void trainee_step(struct trainee *t)
{
    struct share all = {0, t->rows};
    model_forward(t->self, t->model, all);
    model_loss(t->self, t->model, all, t->labels, 1.0f / (float)t->rows);
    model_backward(t->self, t->model, all, true, true);
    optimizer_step(t->self, t->optimizer, t->model);
}

static double better(double best, double from, double repeats)
{
    double seconds = (cpu_seconds() - from) / repeats;
    return best == 0 || seconds < best ? seconds : best;
}

static int repeats_for(const struct model_spec *spec, size_t rows)
{
    double seconds = (double)model_flops_per_sample(spec) * (double)rows / 5e10;
    return seconds > 0.05 ? 1 : (int)(0.05 / seconds) + 1;
}

static void measure(const struct model_spec *spec, const struct optimizer_spec *how,
                    const char *text, size_t rows, int turns)
{
    struct network network = network_of(text);
    struct bare bare = bare_create(rank_observer(), &network, rows);
    struct trainee trainees[2];
    double best[3] = {0};
    int repeats = repeats_for(spec, rows);
    for (int i = 0; i < 2; i++)
        trainees[i] = trainee_create(spec, how, rows, i == 0);
    for (int turn = 0; turn <= turns; turn++)
        for (int which = 0; which < 3; which++) {
            double from = cpu_seconds();
            for (int i = 0; i < repeats; i++)
                if (which < 2)
                    trainee_step(&trainees[which]);
                else
                    bare_step(&network, &bare, rows);
            best[which] = turn ? better(best[which], from, repeats) : 0;
        }
    printf("%s batch %zu, kernels %s, BLIS %s %s: %.2f steps/s, %.0f samples/s\n", text, rows,
           math_kernel(), math_blis_version(), math_blis_build(), 1 / best[0],
           (double)rows / best[0]);
    printf("share of the bare products' speed: %.3f (%.3f with the update apart)\n",
           best[2] / best[0], best[2] / best[1]);
}

int main(int count, char **arguments)
{
    const char *text = count > 1 ? arguments[1] : "mlp:1024-4096-4096-10";
    size_t rows = count > 2 ? strtoul(arguments[2], NULL, 10) : 256;
    int turns = count > 3 ? atoi(arguments[3]) : 7;
    struct errors errors;
    errors_init(&errors);
    bool started = math_start("auto", &errors);
    struct model_spec *spec = model_parse(text, "model", &errors);
    struct optimizer_spec *how = optimizer_parse("sgd:lr=0.01", "optimizer", &errors);
    bool good = started && spec && how && rows && turns > 0;
    if (good)
        measure(spec, how, text, rows, turns);
    errors_print(&errors, stderr);
    errors_release(&errors);
    optimizer_spec_free(how);
    model_spec_free(spec);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
