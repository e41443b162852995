/* Whole experiments train what PyTorch trains (tests/oracle, see ../shared/oracle/README.md):
 * alone, and split along each axis of the mesh. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

enum { STEPS = 60 };

struct oracle {
    const char *folder, *model, *words;
};

static const struct oracle sgd = {"mlp_sgd", "mlp:64-128-64-10", "batch=64 optimizer=sgd:lr=0.1"};
static const struct oracle momentum = {
    "mlp_momentum", "mlp:64-96-10:tanh",
    "batch=32 optimizer=sgd:lr=0.05,momentum=0.9,weight_decay=1e-4"};

/* Lines are `step,loss`, below a heading. */
static int read_losses(const char *folder, double losses[STEPS])
{
    char path[128], line[128];
    int count = 0, step;
    double loss;
    snprintf(path, sizeof path, "tests/oracle/%s/loss.csv", folder);
    FILE *stream = fopen(path, "r");
    CHECK_FATAL(stream != NULL);
    while (count < STEPS && fgets(line, sizeof line, stream))
        if (sscanf(line, "%d,%lf", &step, &loss) == 2)
            losses[count++] = loss;
    fclose(stream);
    return count;
}

static void compare(const struct oracle *oracle, const struct learned *learned,
                    const struct checkpoint *final)
{
    double losses[STEPS];
    CHECK_EQUAL(read_losses(oracle->folder, losses), STEPS);
    CHECK_EQUAL(learned->result->steps, STEPS);
    for (int i = 0; i < learned->result->steps; i++)
        CHECK_NEAR(learned->result->step[i].loss, losses[i], 1e-4 * losses[i]);
    for (int i = 0; learned->weights && i < checkpoint_tensor_count(final); i++) {
        const char *name;
        CHECK_NEAR(tensors_apart(learned->weights, final, i, &name).difference, 0, 2e-4);
    }
}

static void reproduce(const struct oracle *oracle)
{
    static const char *const ways[] = {
        "strategy=single", "strategy=data nodes=4", "strategy=tensor nodes=4",
        "strategy=pipeline nodes=2",
        "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 microbatches=3"};
    char path[128], line[512];
    snprintf(path, sizeof path, "tests/oracle/%s/final.safetensors", oracle->folder);
    struct checkpoint *final = weights_in(oracle->model, path);
    for (int i = 0; i < 5; i++) {
        snprintf(line, sizeof line,
                 "%s %s init=tests/oracle/%s/init.safetensors data.order=sequential "
                 "data.train_rows=1536 steps=%d eval_every=60",
                 ways[i], oracle->words, oracle->folder, STEPS);
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

SUITE("strategy: pytorch", TEST(plain_sgd), TEST(momentum_and_decay));
