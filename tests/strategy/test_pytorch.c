/* Whole experiments train what PyTorch trains (tests/oracle, see ../shared/oracle/README.md):
 * alone, and split along each axis of the mesh. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include "threadrack/math/math.h"

enum { MOST_STEPS = 60 };

struct oracle {
    const char *folder, *model, *words;
    int steps;
    double tolerance; /* of losses, relative */
};

static const struct oracle sgd = {"mlp_sgd", "mlp:64-128-64-10",
                                  "data.train_rows=1536 batch=64 optimizer=sgd:lr=0.1", 60, 1e-4};
static const struct oracle momentum = {
    "mlp_momentum", "mlp:64-96-10:tanh",
    "data.train_rows=1536 batch=32 optimizer=sgd:lr=0.05,momentum=0.9,weight_decay=1e-4", 60, 1e-4};
static const struct oracle cnn = {
    "cnn_adamw", "cnn:8-16:32",
    "data.train_rows=1536 batch=32 optimizer=adamw:lr=0.001,weight_decay=0.01", 40, 5e-4};
/* Windows come in file order, from the first of all. */
static const struct oracle gpt = {
    "gpt_adamw", "gpt:layers=2,heads=4,width=64,context=32",
    "data=devils-dictionary data.train_rows=1000 data.test_rows=8 batch=8 "
    "optimizer=adamw:lr=0.001,weight_decay=0.01",
    30, 5e-4};

/* Lines are `step,loss`, below a heading. */
static int read_losses(const char *folder, double losses[MOST_STEPS])
{
    char path[128], line[128];
    int count = 0, step;
    double loss;
    snprintf(path, sizeof path, "tests/oracle/%s/loss.csv", folder);
    FILE *stream = fopen(path, "r");
    CHECK_FATAL(stream != NULL);
    while (count < MOST_STEPS && fgets(line, sizeof line, stream))
        if (sscanf(line, "%d,%lf", &step, &loss) == 2)
            losses[count++] = loss;
    fclose(stream);
    return count;
}

static void compare(const struct oracle *oracle, const struct learned *learned,
                    const struct checkpoint *final)
{
    double losses[MOST_STEPS];
    CHECK_EQUAL(read_losses(oracle->folder, losses), oracle->steps);
    CHECK_EQUAL(learned->result->steps, oracle->steps);
    for (int i = 0; i < learned->result->steps; i++)
        CHECK_NEAR(learned->result->step[i].loss, losses[i], oracle->tolerance * losses[i]);
    for (int i = 0; learned->weights && i < checkpoint_tensor_count(final); i++) {
        const char *name;
        CHECK_NEAR(tensors_apart(learned->weights, final, i, &name).difference, 0, 2e-4);
    }
}

static const char *const ways[] = {
    "strategy=single", "strategy=data nodes=4", "strategy=tensor nodes=4",
    "strategy=pipeline nodes=2",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 microbatches=3"};
enum { WAYS = sizeof ways / sizeof *ways };

static void reproduce(const struct oracle *oracle)
{
    char path[128], line[512];
    snprintf(path, sizeof path, "tests/oracle/%s/final.safetensors", oracle->folder);
    struct checkpoint *final = weights_in(oracle->model, path);
    for (int i = 0; i < WAYS; i++) {
        snprintf(line, sizeof line,
                 "%s %s init=tests/oracle/%s/init.safetensors data.order=sequential steps=%d "
                 "eval_every=60",
                 ways[i], oracle->words, oracle->folder, oracle->steps);
        struct learned learned = learn(oracle->model, line);
        compare(oracle, &learned, final);
        learned_release(learned);
    }
    checkpoint_free(final);
}

static void plain_sgd(void)
{
    reproduce(&sgd);
}

static void momentum_and_decay(void)
{
    reproduce(&momentum);
}

static void convolutions(void)
{
    reproduce(&cnn);
}

static void transformer(void)
{
    reproduce(&gpt);
}

/* One run of each kind of model under each choice of kernels, to the same tolerances. */
static void reproduce_with(const struct oracle *oracle, const char *kernel)
{
    char path[128], line[512];
    snprintf(path, sizeof path, "tests/oracle/%s/final.safetensors", oracle->folder);
    snprintf(line, sizeof line,
             "strategy=single %s init=tests/oracle/%s/init.safetensors data.order=sequential "
             "steps=%d eval_every=60 math.kernel=%s",
             oracle->words, oracle->folder, oracle->steps, kernel);
    struct checkpoint *final = weights_in(oracle->model, path);
    struct learned learned = learn(oracle->model, line);
    if (strcmp(kernel, "blis"))
        CHECK_TEXT(math_kernel(), kernel);
    compare(oracle, &learned, final);
    learned_release(learned);
    checkpoint_free(final);
}

static void every_kernel(void)
{
    static const char *const kernels[] = {"blis", "generic", "haswell", "skx", "reference"};
    struct errors errors;
    errors_init(&errors);
    for (int i = 0; i < 5; i++) {
        if (!math_start(kernels[i], &errors))
            continue; /* not on this processor, or not with this BLIS */
        reproduce_with(&sgd, kernels[i]);
        reproduce_with(&cnn, kernels[i]);
        reproduce_with(&gpt, kernels[i]);
    }
    errors_release(&errors);
    CHECK(math_start("auto", &errors));
}

/* tests/oracle/odd.csv: models whose sizes divide by nothing, from our initial weights. */
static void odd_sizes(void)
{
    FILE *stream = fopen("tests/oracle/odd.csv", "r");
    CHECK_FATAL(stream != NULL);
    static const char *const parts[] = {"strategy=single", "strategy=data nodes=4", "strategy=tensor nodes=3",
                                        "strategy=pipeline nodes=2 microbatches=2", NULL};
    char model[128], words[128], before[128] = "";
    struct result *runs[4] = {NULL};
    double loss;
    int step, lines = 0;
    for (; fscanf(stream, "%127[^;];%127[^;];%d;%lf ", model, words, &step, &loss) == 4; lines++) {
        for (int i = 0; parts[i]; i++) {
            if (strcmp(model, before)) {
                result_free(runs[i]);
                runs[i] = run("%s model=%s data=%s data.order=sequential steps=12 %s", parts[i], model,
                              model[0] == 'g' ? "devils-dictionary" : "digits", words);
            }
            CHECK_NEAR(runs[i]->step[step - 1].loss, loss, 1e-4 * loss);
        }
        snprintf(before, sizeof before, "%s", model);
    }
    CHECK_EQUAL(lines, 84);
    CHECK(feof(stream));
    fclose(stream);
    for (int i = 0; parts[i]; i++)
        result_free(runs[i]);
}

SUITE("strategy: pytorch", TEST(plain_sgd), TEST(momentum_and_decay), TEST(convolutions),
      TEST(transformer), TEST(every_kernel), TEST(odd_sizes));
