/* Recomputation: losses and weights are the same bits with it and without, under every strategy and
 * schedule; what it drops is not in the regions; and what it does again takes its time. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

static const char *const kinds[] = {"none", "selective", "full", NULL};

static const char *const models_that_keep[] = {
    "gpt:layers=3,heads=4,width=16,context=8,dropout=0.1 data=devils-dictionary batch=12 steps=3 "
    "optimizer=adamw:lr=0.001",
    "gpt:layers=2,heads=2,width=8,context=8,experts=2,top=1 data=devils-dictionary batch=12 steps=3 "
    "optimizer=adamw:lr=0.001",
    "mlp:64-48x4-10:gelu batch=24 steps=3 optimizer=sgd:lr=0.1",
    "cnn:4-6:16 batch=16 steps=2", NULL};
static const char *const ways[] = {
    "single", "single microbatches=3", "data nodes=2 microbatches=2", "tensor nodes=2",
    "pipeline nodes=2",
    "hybrid nodes=8 mesh.data=2 mesh.pipeline=2 mesh.tensor=2 microbatches=3", NULL};

/* "MODEL words": the model, and the words behind it. */
static const char *model_in(const char *line, char *model)
{
    const char *space = strchr(line, ' ');
    sprintf(model, "%.*s", (int)(space - line), line);
    return space;
}

static struct learned learn_by(const char *what, const char *way, const char *schedule,
                               const char *kind)
{
    char model[256], line[512];
    const char *words = model_in(what, model);
    snprintf(line, sizeof line, "strategy=%s%s eval_every=100 recompute=%s%s%s", way, words, kind,
             schedule ? " pipeline.schedule=" : "", schedule ? schedule : "");
    struct learned learned = learn(model, line);
    struct result *timed = run("model=%s %s math=off", model, line);
    CHECK_EQUAL(timed->length_ps, learned.result->length_ps);
    CHECK_EQUAL(timed->peak_memory_bytes, learned.result->peak_memory_bytes);
    result_free(timed);
    return learned;
}

static void each_kind(const char *what, const char *way, const char *schedule)
{
    struct learned none = learn_by(what, way, schedule, "none");
    for (int k = 1; kinds[k]; k++) {
        struct learned again = learn_by(what, way, schedule, kinds[k]);
        same_learned(&again, &none);
        CHECK(again.result->length_ps >= none.result->length_ps);
        learned_release(again);
    }
    learned_release(none);
}

static void bits_are_the_same(void)
{
    for (int m = 0; models_that_keep[m]; m++)
        for (int w = 0; ways[w]; w++) {
            if (!strncmp(ways[w], "pipeline", 8))
                for (int s = 0; pipelines[s]; s++)
                    each_kind(models_that_keep[m], ways[w], pipelines[s]->name);
            else
                each_kind(models_that_keep[m], ways[w], NULL);
        }
}

enum { ROWS = 8, TOKENS = 32, WIDTH = 64, HEADS = 4 };

static struct result *gpt_of(int blocks, const char *kind)
{
    return run("strategy=single model=gpt:layers=%d,heads=%d,width=%d,context=%d batch=%d steps=1 "
               "math=off data=devils-dictionary cluster.device.launch=0s recompute=%s",
               blocks, HEADS, WIDTH, TOKENS, ROWS, kind);
}

/* Bytes of activations and time of computing that one block more takes. */
static void block(const char *kind, uint64_t *bytes, uint64_t *time_ps)
{
    struct result *less = gpt_of(4, kind), *more = gpt_of(5, kind);
    *bytes = more->node[0].memory_bytes[MEMORY_ACTIVATIONS] -
             less->node[0].memory_bytes[MEMORY_ACTIVATIONS];
    *time_ps = more->node[0].compute_ps - less->node[0].compute_ps;
    result_free(less);
    result_free(more);
}

/* Of a block selective drops the probabilities, one for each two tokens and head, and full all but
 * its input; a forward pass is about a third of the work. */
static void blocks_keep_what_they_say(void)
{
    const uint64_t floats = ROWS * TOKENS * sizeof(float);
    uint64_t bytes[3], time_ps[3];
    for (int k = 0; kinds[k]; k++)
        block(kinds[k], &bytes[k], &time_ps[k]);
    CHECK_EQUAL(bytes[0] - bytes[1], floats * HEADS * TOKENS);
    CHECK_EQUAL(bytes[2], floats * WIDTH);
    CHECK(time_ps[1] > time_ps[0] && time_ps[1] < time_ps[2]);
    CHECK(time_ps[2] - time_ps[0] > time_ps[0] / 4 && time_ps[2] - time_ps[0] < time_ps[0] / 2);
}

SUITE("strategy: recompute", TEST(bits_are_the_same), TEST(blocks_keep_what_they_say));
