/* Optimizers, schedules and clipping do to a training what PyTorch's do (tests/oracle/training.py
 * wrote its figures; with a path to threadrack it lets PyTorch go on from our checkpoints, too). */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

enum { STEPS = 20, CASES = 3 };

static const char *const ways[] = {
    "strategy=single", "strategy=data nodes=4", "strategy=tensor nodes=4",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 microbatches=3"};
enum { WAYS = sizeof ways / sizeof *ways };

struct figures {
    char words[160];
    double lr[STEPS], norm[STEPS], loss[STEPS];
};

static bool read_line(FILE *stream, struct figures *to, int step)
{
    char line[256];
    int at;
    return fgets(line, sizeof line, stream) &&
           sscanf(line, "%159[^;];%d;%lf;%lf;%lf", to->words, &at, &to->lr[step], &to->norm[step],
                  &to->loss[step]) == 5 &&
           at == step + 1;
}

static void compare(const struct figures *figures, const char *way)
{
    struct result *result = run("%s %s model=mlp:64-96-10:tanh batch=32 data.order=sequential "
                                "steps=%d init=tests/oracle/mlp_momentum/init.safetensors",
                                way, figures->words, STEPS);
    bool clips = strstr(figures->words, "clip=") != NULL;
    for (int i = 0; i < STEPS; i++) {
        CHECK_NEAR(result->step[i].lr, figures->lr[i], 1e-8);
        CHECK_NEAR(result->step[i].loss, figures->loss[i], 1e-4 * figures->loss[i]);
        if (clips)
            CHECK_NEAR(result->step[i].gradient_norm, figures->norm[i], 1e-4 * figures->norm[i]);
    }
    result_free(result);
}

static void as_pytorch(void)
{
    struct figures figures;
    FILE *stream = fopen("tests/oracle/training.csv", "r");
    CHECK_FATAL(stream != NULL);
    for (int i = 0; i < CASES; i++) {
        for (int step = 0; step < STEPS; step++)
            CHECK(read_line(stream, &figures, step));
        for (int way = 0; way < WAYS; way++)
            compare(&figures, ways[way]);
    }
    CHECK(fgetc(stream) == EOF);
    fclose(stream);
}

SUITE("strategy: updates", TEST(as_pytorch));
