/* Pipeline schedules: each trains what one node trains, all to the same bits, in the same simulated
 * time and memory with and without the maths; and each keeps as many microbatches as it says. The
 * idle shares are in test_timing_only.c. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

struct lesson {
    const char *model, *common;
    const char *const *meshes;
};

static const char *const mlp_meshes[] = {
    "strategy=pipeline nodes=2", "strategy=pipeline nodes=3 microbatches=7",
    "strategy=pipeline nodes=4 microbatches=2", "strategy=pipeline nodes=5 microbatches=1",
    "strategy=hybrid nodes=1 microbatches=4",
    "strategy=hybrid nodes=6 mesh.data=2 mesh.pipeline=3 mesh.tensor=1 microbatches=5",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.pipeline=2 mesh.tensor=2 microbatches=3 bucket=1KiB",
    NULL};
static const char *const gpt_meshes[] = {
    "strategy=pipeline nodes=4 microbatches=6", "strategy=pipeline nodes=5",
    "strategy=hybrid nodes=6 mesh.data=1 mesh.pipeline=3 mesh.tensor=2 microbatches=4",
    "strategy=hybrid nodes=6 mesh.data=3 mesh.pipeline=2 mesh.tensor=1 microbatches=4", NULL};
static const char *const tied_meshes[] = {
    "strategy=pipeline nodes=2 microbatches=4", "strategy=pipeline nodes=3 microbatches=1",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.pipeline=2 mesh.tensor=2 microbatches=3", NULL};
static const char *const cnn_meshes[] = {"strategy=pipeline nodes=3 microbatches=5", NULL};

static const struct lesson lessons[] = {
    {"mlp:64-48x4-10:tanh", "batch=61 steps=20 eval_every=20 optimizer=sgd:lr=0.05", mlp_meshes},
    {"gpt:layers=3,heads=4,width=16,context=8",
     "data=devils-dictionary batch=19 steps=12 eval_every=20 optimizer=adamw:lr=0.001", gpt_meshes},
    {"gpt:layers=2,heads=4,width=16,context=8,tied",
     "data=devils-dictionary batch=19 steps=8 eval_every=20 optimizer=adamw:lr=0.001", tied_meshes},
    {"cnn:4-6:16", "batch=32 steps=12 eval_every=20 optimizer=sgd:lr=0.05", cnn_meshes},
};

static void costs_as_without_maths(const struct lesson *lesson, const char *line,
                                   const struct result *real)
{
    struct result *timed = run("model=%s %s math=off", lesson->model, line);
    CHECK_EQUAL(timed->length_ps, real->length_ps);
    CHECK_EQUAL(timed->peak_memory_bytes, real->peak_memory_bytes);
    result_free(timed);
}

static void each_schedule(const struct lesson *lesson, const char *mesh,
                          const struct learned *single)
{
    struct learned first = {0};
    for (int i = 0; pipelines[i] && !pipelines[i]->chunked; i++) {
        char line[512];
        snprintf(line, sizeof line, "%s %s pipeline.schedule=%s", mesh, lesson->common,
                 pipelines[i]->name);
        struct learned learned = learn(lesson->model, line);
        CHECK_EQUAL(learned.result->status, STATUS_OK);
        losses_agree(learned.result, single->result, 1e-4);
        costs_as_without_maths(lesson, line, learned.result);
        if (i > 0)
            same_learned(&learned, &first);
        if (i > 0)
            learned_release(learned);
        else
            first = learned;
    }
    learned_release(first);
}

static void all_learn_the_same(void)
{
    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
        char line[512];
        snprintf(line, sizeof line, "strategy=single %s", lessons[i].common);
        struct learned single = learn(lessons[i].model, line);
        for (int m = 0; lessons[i].meshes[m]; m++)
            each_schedule(&lessons[i], lessons[i].meshes[m], &single);
        learned_release(single);
    }
}

/* ---- Chunks. ---- */

static const char *const chunked_mlps[] = {
    "strategy=pipeline nodes=2 microbatches=8 pipeline.chunks=2",
    "strategy=pipeline nodes=2 microbatches=2 pipeline.chunks=3",
    "strategy=pipeline nodes=3 microbatches=6 pipeline.chunks=2",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.pipeline=2 mesh.tensor=2 microbatches=4 pipeline.chunks=2 "
    "bucket=1KiB",
    "strategy=hybrid nodes=4 mesh.data=2 mesh.pipeline=2 mesh.tensor=1 microbatches=4 pipeline.chunks=3 "
    "zero=1",
    NULL};
static const char *const chunked_gpts[] = {
    "strategy=pipeline nodes=2 microbatches=4 pipeline.chunks=3",
    "strategy=pipeline nodes=4 microbatches=4 pipeline.chunks=2", NULL};
static const struct lesson chunked[] = {
    {"gpt:layers=4,heads=4,width=16,context=8,tied",
     "data=devils-dictionary batch=19 steps=6 eval_every=3 optimizer=sgd:lr=0.1,momentum=0.9",
     (const char *const[]){"strategy=pipeline nodes=3 microbatches=6 pipeline.chunks=2", NULL}},
    {"mlp:64-48x5-10:tanh", "batch=61 steps=10 eval_every=5 optimizer=sgd:lr=0.05", chunked_mlps},
    {"mlp:64-48x5-10:gelu", "batch=61 steps=10 eval_every=5 optimizer=adamw:lr=0.01 clip=0.5",
     (const char *const[]){"strategy=pipeline nodes=2 microbatches=4 pipeline.chunks=3", NULL}},
    {"gpt:layers=6,heads=4,width=16,context=8",
     "data=devils-dictionary batch=19 steps=6 eval_every=4 optimizer=adamw:lr=0.001", chunked_gpts},
};

static void same_evaluations(const struct result *a, const struct result *b)
{
    for (int i = 0; i < a->steps && i < b->steps; i++)
        if (!isnan(a->step[i].test_loss))
            CHECK(a->step[i].test_loss == b->step[i].test_loss);
}

/* Chunks of layers away from each other, and the same layers in a piece by 1f1b: other splits, the
 * same bits, unless sums over the model (clip) or over tensor ranks are taken elsewhere. */
static void chunks_learn_the_same(void)
{
    for (size_t i = 0; i < sizeof chunked / sizeof *chunked; i++) {
        char line[512];
        snprintf(line, sizeof line, "strategy=single %s", chunked[i].common);
        struct learned single = learn(chunked[i].model, line);
        for (int m = 0; chunked[i].meshes[m]; m++) {
            const char *mesh = chunked[i].meshes[m];
            bool alike = !strstr(chunked[i].common, "clip") && !strstr(mesh, "mesh.tensor=2");
            snprintf(line, sizeof line, "%s %s pipeline.schedule=interleaved", mesh, chunked[i].common);
            struct learned learned = learn(chunked[i].model, line);
            losses_agree(learned.result, single.result, 1e-4);
            costs_as_without_maths(&chunked[i], line, learned.result);
            snprintf(line, sizeof line, "%.*s %s pipeline.schedule=1f1b",
                     (int)(strstr(mesh, " pipeline.chunks") - mesh), mesh, chunked[i].common);
            struct learned piece = learn(chunked[i].model, line);
            if (alike)
                same_learned(&learned, &piece);
            if (alike)
                same_evaluations(learned.result, piece.result);
            learned_release(piece);
            learned_release(learned);
        }
        learned_release(single);
    }
}

/* A run in two halves, the second from the first's checkpoint, is the whole run. */
static void chunks_resume(void)
{
    char path[] = "/tmp/threadrack-chunks-XXXXXX", state[64];
    close(mkstemp(path));
    snprintf(state, sizeof state, "%s.state.safetensors", path);
    const char *line = "strategy=pipeline nodes=2 microbatches=4 pipeline.schedule=interleaved "
                       "pipeline.chunks=3 model=mlp:64-48x5-10:tanh batch=60 optimizer=adamw:lr=0.01";
    struct result *whole = run("%s steps=8", line);
    struct result *half = run("%s steps=4 save=%s", line, path);
    struct result *rest = run("%s steps=8 resume=%s", line, path);
    for (int i = 0; i < rest->steps; i++)
        CHECK(rest->step[i].loss == whole->step[whole->steps - rest->steps + i].loss);
    CHECK_EQUAL(half->steps, 4);
    result_free(whole);
    result_free(half);
    result_free(rest);
    remove(path);
    remove(state);
}

static void groups_are_of_as_many_as_stages(void)
{
    result_free(run_line("strategy=pipeline nodes=4 microbatches=6 pipeline.schedule=interleaved", true));
    result_free(run_line("strategy=pipeline nodes=4 microbatches=8 pipeline.schedule=interleaved "
                         "pipeline.chunks=9", true));
}

enum { STAGES = 4, PARTS = 8, ROWS = 4, WIDTH = 64 };

static struct result *four_stages(const char *schedule)
{
    return run("strategy=pipeline nodes=%d model=mlp:64-64x3-64:tanh data=teacher:features=64,outputs=64 "
               "batch=%d microbatches=%d steps=1 math=off pipeline.schedule=%s",
               STAGES, PARTS * ROWS, PARTS, schedule);
}

/* A linear layer a stage: of a microbatch it keeps output and its gradient, and behind the first
 * stage input and its gradient. The first stage's input is accounted as data. */
static void each_keeps_what_is_in_flight(void)
{
    for (int i = 0; pipelines[i] && !pipelines[i]->chunked; i++) {
        const char *name = pipelines[i]->name;
        struct result *result = four_stages(name);
        for (int s = 0; s < result->nodes && result->node; s++) {
            int slots = !strcmp(name, "gpipe")  ? PARTS
                        : !strcmp(name, "1f1b") ? STAGES - s
                                                : STAGES;
            uint64_t kept = (uint64_t)slots * ROWS * WIDTH * sizeof(float);
            CHECK_EQUAL(result->node[s].memory_bytes[MEMORY_ACTIVATIONS], (s ? 4 : 2) * kept);
            if (s == 0)
                CHECK_EQUAL(result->node[s].memory_bytes[MEMORY_DATA], kept);
        }
        result_free(result);
    }
}

SUITE("strategy: pipelines", TEST(all_learn_the_same), TEST(each_keeps_what_is_in_flight),
      TEST(chunks_learn_the_same), TEST(chunks_resume), TEST(groups_are_of_as_many_as_stages));
