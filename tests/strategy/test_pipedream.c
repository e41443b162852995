/* PipeDream: what is trained is what its paper says, by plain loops; nobody idles between the pipeline's filling
 * and its draining; a stage has as many versions of its weights as minibatches in flight. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

#define PIPEDREAM "pipeline.schedule=pipedream eval_every=1000 "

static void one_stage_is_single(void)
{
    static const char *const nets[] = {"mlp:64-24-10", "gpt:layers=1,heads=2,width=8,context=4,tied"};
    static const char *const words[] = {"optimizer=sgd:lr=0.1 steps=12 batch=31",
                                        "optimizer=adamw data=devils-dictionary steps=6 batch=9"};
    for (int i = 0; i < 2; i++) {
        char line[256];
        snprintf(line, sizeof line, "strategy=single %s eval_every=1000", words[i]);
        struct learned single = learn(nets[i], line);
        snprintf(line, sizeof line, "strategy=pipeline nodes=1 %s " PIPEDREAM, words[i]);
        struct learned flowing = learn(nets[i], line);
        same_learned(&flowing, &single);
        CHECK_EQUAL(flowing.result->length_ps, single.result->length_ps);
        learned_release(single);
        learned_release(flowing);
    }
}

/* ---- w(t+1) = w(t) - lr grad f(w(t-n+1)), n = p - s, by plain loops. ---- */

enum { LAYERS = 4, INPUTS = 3, HIDDEN = 4, CLASSES = 2, STEPS = 12, BATCH = 5, ROWS = STEPS * BATCH };
static const char network[] = "mlp:3-4x3-2:tanh";
static const int widths[LAYERS + 1] = {INPUTS, HIDDEN, HIDDEN, HIDDEN, CLASSES};
static const double rate = 0.5;

struct plain_layer {
    double weight[HIDDEN][HIDDEN], bias[HIDDEN]; /* (out, in), (out) */
};
struct plain {
    struct plain_layer layers[LAYERS];
};
struct plain_row {
    double x[INPUTS];
    int target;
};

static void draw_rows(struct plain_row *rows, const char *path)
{
    FILE *file = fopen(path, "w");
    CHECK_FATAL(file != NULL);
    for (int i = 0; i < ROWS; i++) {
        for (int k = 0; k < INPUTS; k++)
            rows[i].x[k] = (double)((i * 37 + k * 61) % 64 - 32) / 16;
        rows[i].target = rows[i].x[0] * rows[i].x[1] > rows[i].x[2];
        fprintf(file, "%g,%g,%g,%d\n", rows[i].x[0], rows[i].x[1], rows[i].x[2], rows[i].target);
    }
    fclose(file);
}

static void copy_layers(const struct checkpoint *weights, struct plain *plain)
{
    for (int l = 0; l < LAYERS; l++) {
        const char *name;
        size_t count;
        const float *weight = checkpoint_tensor(weights, 2 * l, &name, &count);
        const float *bias = checkpoint_tensor(weights, 2 * l + 1, &name, &count);
        for (int o = 0; o < widths[l + 1]; o++) {
            plain->layers[l].bias[o] = bias[o];
            for (int i = 0; i < widths[l]; i++)
                plain->layers[l].weight[o][i] = weight[o * widths[l] + i];
        }
    }
}

/* y[l + 1] of layer l's `seen` weights; the last one's without tanh. */
static void forward(const struct plain_layer *const *seen, const double *x, double y[LAYERS + 1][HIDDEN])
{
    memcpy(y[0], x, INPUTS * sizeof *x);
    for (int l = 0; l < LAYERS; l++)
        for (int o = 0; o < widths[l + 1]; o++) {
            double sum = seen[l]->bias[o];
            for (int i = 0; i < widths[l]; i++)
                sum += seen[l]->weight[o][i] * y[l][i];
            y[l + 1][o] = l + 1 < LAYERS ? tanh(sum) : sum;
        }
}

/* Adds the row's part of the mean's gradients. Returns that of the loss. */
static double backward(const struct plain_layer *const *seen, const struct plain_row *row, struct plain *gradients)
{
    double y[LAYERS + 1][HIDDEN], dy[HIDDEN] = {0}, dx[HIDDEN], all = 0;
    forward(seen, row->x, y);
    for (int c = 0; c < CLASSES; c++)
        all += exp(y[LAYERS][c]);
    for (int c = 0; c < CLASSES; c++)
        dy[c] = (exp(y[LAYERS][c]) / all - (c == row->target)) / BATCH;
    for (int l = LAYERS - 1; l >= 0; l--) {
        memset(dx, 0, sizeof dx);
        for (int o = 0; o < widths[l + 1]; o++) {
            double d = dy[o] * (l + 1 < LAYERS ? 1 - y[l + 1][o] * y[l + 1][o] : 1);
            gradients->layers[l].bias[o] += d;
            for (int i = 0; i < widths[l]; i++) {
                gradients->layers[l].weight[o][i] += d * y[l][i];
                dx[i] += d * seen[l]->weight[o][i];
            }
        }
        memcpy(dy, dx, sizeof dy);
    }
    return (log(all) - y[LAYERS][row->target]) / BATCH;
}

static void update(struct plain *next, const struct plain *now, const struct plain *gradients)
{
    const double *w = &now->layers[0].weight[0][0], *g = &gradients->layers[0].weight[0][0];
    for (size_t i = 0; i < sizeof *now / sizeof *w; i++)
        (&next->layers[0].weight[0][0])[i] = w[i] - rate * g[i];
}

/* Layer l is on a stage whose gradients are late[l] updates old: history[t] has had t updates. */
static void train_plainly(struct plain history[STEPS + 1], const int late[LAYERS], const struct plain_row *rows,
                          double losses[STEPS])
{
    for (int t = 0; t < STEPS; t++) {
        struct plain gradients = {0};
        const struct plain_layer *seen[LAYERS];
        for (int l = 0; l < LAYERS; l++)
            seen[l] = &history[t > late[l] ? t - late[l] : 0].layers[l];
        losses[t] = 0;
        for (int i = 0; i < BATCH; i++)
            losses[t] += backward(seen, &rows[t * BATCH + i], &gradients);
        update(&history[t + 1], &history[t], &gradients);
    }
}

static void same_weights(const struct checkpoint *was, const struct plain *should)
{
    struct plain plain = *should;
    copy_layers(was, &plain);
    const double *a = &plain.layers[0].weight[0][0], *b = &should->layers[0].weight[0][0];
    for (size_t i = 0; i < sizeof plain / sizeof *a; i++)
        CHECK_NEAR(a[i], b[i], 1e-5);
}

static void trains_with_the_weights_of_its_forward_pass(const char *split, const char *words, const int late[LAYERS])
{
    static struct plain history[STEPS + 1];
    struct plain_row rows[ROWS];
    double losses[STEPS];
    char path[] = "/tmp/threadrack-pipedream-XXXXXX", line[512];
    close(mkstemp(path));
    draw_rows(rows, path);
    snprintf(line, sizeof line, "strategy=single data=csv:%s data.train_rows=%d data.order=sequential batch=%d",
             path, ROWS - 1, BATCH);
    char whole[1024];
    snprintf(whole, sizeof whole, "%s steps=1 optimizer=sgd:lr=1e-30", line);
    struct learned begin = learn(network, whole);
    copy_layers(begin.weights, &history[0]);
    train_plainly(history, late, rows, losses);
    snprintf(whole, sizeof whole, "%s %s pipeline.split=%s optimizer=sgd:lr=%g steps=%d " PIPEDREAM,
             line + strlen("strategy=single "), words, split, rate, STEPS - 1);
    struct learned learned = learn(network, whole);
    for (int t = 0; t < learned.result->steps; t++)
        CHECK_NEAR(learned.result->step[t].loss, losses[t], 1e-5);
    same_weights(learned.weights, &history[STEPS - 1]);
    learned_release(begin);
    learned_release(learned);
    remove(path);
}

static void papers_update(void)
{
    trains_with_the_weights_of_its_forward_pass("2:2", "strategy=pipeline nodes=2", (const int[]){1, 1, 0, 0});
    trains_with_the_weights_of_its_forward_pass("1:2:1", "strategy=pipeline nodes=3", (const int[]){2, 1, 1, 0});
    trains_with_the_weights_of_its_forward_pass("1:1:1:1", "strategy=pipeline nodes=4", (const int[]){3, 2, 1, 0});
    trains_with_the_weights_of_its_forward_pass(
        "3:1", "strategy=hybrid nodes=4 mesh.data=2 mesh.tensor=1 mesh.pipeline=2 bucket=8B", (const int[]){1, 1, 1, 0});
}

/* ---- Time. ---- */

static void idle_only_to_fill_and_to_drain(void)
{
    for (int p = 2; p <= 5; p++)
        for (int steps = 1; steps <= 12; steps += 3) {
            const uint64_t work_ps = 8000000;
            struct result *result =
                run("strategy=pipeline nodes=%d steps=%d model=stages:%d,forward=3us,backward_input=3us,"
                    "backward_weight=2us netmodel=ideal cluster.device.launch=0s math=off batch=8 "
                    PIPEDREAM, p, steps, p);
            CHECK_EQUAL(result->length_ps, (uint64_t)(steps + p - 1) * work_ps);
            CHECK_NEAR(1 - result->compute_share, (p - 1.0) / (steps + p - 1), 1e-12);
            for (int i = 1; i < steps; i++)
                CHECK_EQUAL(result->step[i].end_ps - result->step[i - 1].end_ps, work_ps);
            result_free(result);
        }
}

static const char *const ways[] = {
    "strategy=pipeline nodes=2", "strategy=pipeline nodes=5 steps=3",
    "strategy=pipeline nodes=3 recompute=full model=gpt:layers=2,heads=2,width=8,context=4 data=devils-dictionary",
    "strategy=hybrid nodes=6 mesh.data=2 mesh.tensor=1 mesh.pipeline=3 bucket=1KiB zero=1",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 bucket=1KiB"};

/* Nothing of it depends on the host, or on whether the maths is done. */
static void real_runs_are_timed_as_others(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (int n = 0; n < 4; n++) {
            char line[512];
            snprintf(line, sizeof line, "netmodel=%s %s%s%s batch=16 " PIPEDREAM,
                     (const char *const[]){"ideal", "hockney", "loggp", "flow"}[n], ways[w],
                     strstr(ways[w], "model=") ? "" : " model=mlp:64-24x5-10",
                     strstr(ways[w], "steps=") ? "" : " steps=7");
            struct result *real = run("%s", line), *counted = run("%s math=off", line);
            CHECK_EQUAL(real->length_ps, counted->length_ps);
            CHECK_EQUAL(real->bytes_sent, counted->bytes_sent);
            CHECK_EQUAL(real->peak_memory_bytes, counted->peak_memory_bytes);
            for (int i = 0; i < real->steps; i++) {
                CHECK_EQUAL(real->step[i].end_ps, counted->step[i].end_ps);
                CHECK_NEAR(real->step[i].staleness, counted->step[i].staleness, 0);
            }
            for (int i = 0; i < real->nodes; i++)
                CHECK_EQUAL(real->node[i].samples, counted->node[i].samples);
            CHECK_EQUAL(counted->node[0].samples, (uint64_t)counted->steps * 16 / (uint64_t)counted->mesh_data);
            result_free(real);
            result_free(counted);
        }
}

/* Stage s has 0, 1, ... updates less until the pipeline is full, then p-1-s. */
static void staleness_is_counted(void)
{
    enum { P = 4, S = 9 };
    struct result *result = run("strategy=pipeline nodes=%d steps=%d model=mlp:64-8x3-10 batch=8 " PIPEDREAM, P, S);
    uint64_t times[P] = {0};
    for (int i = 0; i < S; i++) {
        int sum = 0, most = i < P - 1 ? i : P - 1;
        for (int s = 0; s < P; s++) {
            int late = i < P - 1 - s ? i : P - 1 - s;
            times[late]++;
            sum += late;
        }
        CHECK_NEAR(result->step[i].staleness, (double)sum / P, 1e-12);
        CHECK_NEAR(result->step[i].staleness_most, most, 0);
    }
    CHECK_EQUAL(result->staleness_count, P);
    for (int i = 0; i < P; i++)
        CHECK_EQUAL(result->staleness[i], times[i]);
    result_free(result);
}

/* ---- Memory. ---- */

static void stages_keep_versions(void)
{
    enum { P = 4, WIDTH = 64, PARAMETERS = WIDTH * WIDTH + WIDTH, B = 16 };
    struct result *result = run("strategy=pipeline nodes=%d model=mlp:64-64x3-64:tanh batch=%d steps=6 math=off "
                                "data=teacher:features=64,outputs=64 " PIPEDREAM, P, B);
    for (int s = 0; s < P; s++) {
        uint64_t versions = (uint64_t)(P - s), kept = versions * B * WIDTH * sizeof(float);
        CHECK_EQUAL(result->node[s].memory_bytes[MEMORY_PARAMETERS], versions * PARAMETERS * sizeof(float));
        CHECK_EQUAL(result->node[s].memory_bytes[MEMORY_GRADIENTS], PARAMETERS * sizeof(float));
        CHECK_EQUAL(result->node[s].memory_bytes[MEMORY_ACTIVATIONS], (s ? 4 : 2) * kept);
    }
    result_free(result);
}

/* ---- Learning. ---- */

static void it_learns_digits(void)
{
    struct result *result = run("strategy=pipeline nodes=4 model=mlp:64-64x3-10:tanh batch=64 steps=150 "
                                "optimizer=sgd:lr=0.1 pipeline.schedule=pipedream eval_every=150");
    CHECK(result->final_accuracy > 0.85);
    CHECK(result->final_loss < result->step[0].loss / 5);
    result_free(result);
}

/* What a step leaves does not depend on what is in flight behind it. */
static void a_target_leaves_the_latest_weights(void)
{
    const char *words = "strategy=pipeline nodes=4 batch=64 optimizer=sgd:lr=0.1 pipeline.schedule=pipedream "
                        "eval_every=5";
    char line[256];
    snprintf(line, sizeof line, "%s steps=400 target_accuracy=0.7", words);
    struct learned target = learn("mlp:64-32x3-10:tanh", line);
    CHECK(target.result->target_reached && target.result->steps < 200);
    snprintf(line, sizeof line, "%s steps=%d", words, target.result->steps);
    struct learned whole = learn("mlp:64-32x3-10:tanh", line);
    same_learned(&target, &whole);
    learned_release(target);
    learned_release(whole);
}

/* Shares of the optimizer's state, and of gradients, are the same training. */
static void sharded_alike(void)
{
    const char *model = "mlp:64-24x3-10:tanh";
    struct learned learned[3];
    for (int zero = 0; zero < 3; zero++) {
        char line[512];
        snprintf(line, sizeof line, "strategy=hybrid nodes=6 mesh.data=2 mesh.tensor=1 mesh.pipeline=3 batch=26 "
                 "steps=8 optimizer=adamw:lr=0.01 bucket=1KiB allreduce=ring reduce_scatter=ring allgather=ring "
                 "zero=%d " PIPEDREAM, zero);
        learned[zero] = learn(model, line);
        same_learned(&learned[zero], &learned[0]);
    }
    for (int zero = 0; zero < 3; zero++)
        learned_release(learned[zero]);
}

static void refusals(void)
{
    static const char *const lines[] = {
        "strategy=pipeline nodes=2 microbatches=4", "strategy=pipeline nodes=2 clip=1",
        "strategy=pipeline nodes=2 model=gpt:layers=2,heads=2,width=8,context=4,tied data=devils-dictionary",
        "strategy=hybrid nodes=4 mesh.data=2 mesh.tensor=1 mesh.pipeline=2 zero=3"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[256];
        snprintf(line, sizeof line, "%s " PIPEDREAM, lines[i]);
        result_free(run_line(line, true));
    }
}

SUITE("strategy: pipedream", TEST(one_stage_is_single), TEST(papers_update), TEST(idle_only_to_fill_and_to_drain),
      TEST(real_runs_are_timed_as_others), TEST(staleness_is_counted), TEST(stages_keep_versions),
      TEST(it_learns_digits), TEST(a_target_leaves_the_latest_weights), TEST(sharded_alike), TEST(refusals));
