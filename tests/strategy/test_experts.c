/* Mixtures of experts learn the same however they are spread, and ranks that share experts out exchange
 * the bytes that GShard's formula says. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

#define MIXTURE "gpt:layers=2,heads=4,width=16,context=8,hidden=24,experts=4,top=2,balance=0.1"
#define TEXT    "data=devils-dictionary data.test_rows=64 batch=24 steps=8 eval_every=100 "

static const char *const meshes[] = {
    "strategy=data nodes=3",
    "strategy=data nodes=4 mesh.expert=4 bucket=2KiB",
    "strategy=data nodes=4 mesh.data=1 mesh.expert=4 microbatches=3",
    "strategy=data nodes=6 mesh.data=3 mesh.expert=2",
    "strategy=tensor nodes=4",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 microbatches=2",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.expert=2 mesh.pipeline=2 microbatches=3",
    "strategy=hybrid nodes=8 mesh.tensor=2 mesh.expert=4 mesh.pipeline=1 mesh.data=1",
    "strategy=hybrid nodes=8 mesh.expert=2 mesh.tensor=2 mesh.pipeline=2 mesh.data=1 microbatches=4 "
    "pipeline.schedule=1f1b mesh.order=pipeline,expert",
    "strategy=hybrid nodes=8 mesh.expert=4 mesh.pipeline=2 mesh.data=1 microbatches=3 "
    "pipeline.schedule=zero_bubble",
    "strategy=data nodes=4 mesh.data=1 mesh.expert=4 zero=1",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.expert=2 mesh.pipeline=2 microbatches=3 zero=1 bucket=2KiB",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.expert=2 mesh.pipeline=2 microbatches=3 zero=2 bucket=2KiB",
    "strategy=data nodes=4 mesh.data=1 mesh.expert=4 zero=3",
    "strategy=data nodes=8 mesh.data=2 mesh.expert=4 zero=3 bucket=2KiB recompute=full",
};
enum { MESHES = sizeof meshes / sizeof *meshes };

static void agree(const struct learned *was, const struct learned *should, const char *line)
{
    CHECK_EQUAL(was->result->steps, should->result->steps);
    for (int i = 0; i < was->result->steps && i < should->result->steps; i++) {
        const struct step_record *a = &was->result->step[i], *b = &should->result->step[i];
        if (!(fabs(a->loss - b->loss) <= 1e-4 * b->loss))
            fprintf(stderr, "\n%s: the loss of step %d is %.9g, should be %.9g\n", line, i, a->loss,
                    b->loss);
        CHECK_NEAR(a->loss, b->loss, 1e-4 * b->loss);
        CHECK_NEAR(a->balance, b->balance, 1e-4);
        CHECK_NEAR(a->dropped, b->dropped, 0.01);
        CHECK(isnan(b->gradient_norm) || fabs(a->gradient_norm - b->gradient_norm) <= 1e-3 * b->gradient_norm);
    }
    for (int i = 0; i < checkpoint_tensor_count(should->weights); i++) {
        const char *name;
        struct apart apart = tensors_apart(was->weights, should->weights, i, &name);
        CHECK(apart.difference <= 1e-4 * apart.largest);
    }
}

static void all_learn_as_single(const char *words)
{
    char line[512];
    snprintf(line, sizeof line, "strategy=single " TEXT "%s", words);
    struct learned single = learn(MIXTURE, line);
    CHECK(single.result->step[0].dropped > 0 && single.result->step[0].dropped < 0.5);
    for (int i = 0; i < MESHES; i++) {
        snprintf(line, sizeof line, "%s " TEXT "%s", meshes[i], words);
        struct learned learned = learn(MIXTURE, line);
        agree(&learned, &single, line);
        struct result *counted = run("model=" MIXTURE " math=off %s", line);
        CHECK_EQUAL(counted->length_ps, learned.result->length_ps);
        CHECK_EQUAL(counted->bytes_sent, learned.result->bytes_sent);
        result_free(counted);
        learned_release(learned);
    }
    learned_release(single);
}

static void every_mesh(void)
{
    all_learn_as_single("optimizer=sgd:lr=0.1,momentum=0.9");
}

static void every_mesh_when_clipped(void)
{
    all_learn_as_single("optimizer=adamw:lr=0.001 clip=0.5");
}

/* A rank sends all but its own of E C R D floats, four times a layer: there and back, and again on the
 * way back. What is not experts is added up over all ranks, and experts over those who have the same. */
static void exchanges_what_the_formula_says(void)
{
    enum { EXPERTS = 4, PLACES = 5, WIDTH = 16, HIDDEN = 24, LAYERS = 2, ROWS = 2 };
    const uint64_t expert = EXPERTS * (2 * HIDDEN * WIDTH + HIDDEN + WIDTH);
    for (uint64_t sharers = 2; sharers <= 4; sharers += 2)
        for (uint64_t data = 1; data <= 2; data++) {
            uint64_t ranks = sharers * data;
            struct result *result =
                run("model=" MIXTURE " math=off steps=1 strategy=data nodes=%d mesh.data=%d mesh.expert=%d "
                    "batch=%d alltoall=pairwise allreduce=halving_doubling bucket=1GB",
                    (int)ranks, (int)data, (int)sharers, (int)(ranks * ROWS));
            uint64_t exchanged = 4 * LAYERS * (sharers - 1) * EXPERTS * PLACES * ROWS * WIDTH / sharers;
            uint64_t rest = result->parameters - LAYERS * expert;
            double summed = 2.0 * (double)(ranks - 1) / (double)ranks * (double)rest +
                            2.0 * (double)(data - 1) / (double)data *
                                (double)(LAYERS * expert / sharers);
            double should = 4.0 * (double)ranks * ((double)exchanged + summed);
            CHECK_NEAR((double)result->bytes_sent, should, 1e-3 * should);
            result_free(result);
        }
}

static void a_rank_holds_its_experts(void)
{
    enum { EXPERTS = 8, WIDTH = 16, HIDDEN = 64 };
    struct result *whole = run("model=gpt:layers=1,heads=4,width=16,context=8,experts=8 math=off steps=1 "
                               "strategy=data nodes=4 batch=16");
    struct result *shared = run("model=gpt:layers=1,heads=4,width=16,context=8,experts=8 math=off steps=1 "
                                "strategy=data nodes=4 mesh.expert=4 batch=16");
    uint64_t saved = sizeof(float) * EXPERTS * (2 * HIDDEN * WIDTH + HIDDEN + WIDTH) * 3 / 4;
    for (int kind = MEMORY_PARAMETERS; kind <= MEMORY_GRADIENTS; kind++)
        CHECK_NEAR((double)(whole->node[0].memory_bytes[kind] - shared->node[0].memory_bytes[kind]),
                   (double)saved, 64);
    result_free(whole);
    result_free(shared);
}

/* As many bytes as all-reduces, or half of them more where parameters are gathered twice, and of Adam's moments a share:
 * of the rest one of all ranks', of experts one of those of the ranks that have them. */
static void zero_shares_both_out(void)
{
    enum { EXPERTS = 4, WIDTH = 16, HIDDEN = 24, LAYERS = 2, DATA = 2, SHARERS = 2, RANKS = DATA * SHARERS };
    static const char *const words = "model=" MIXTURE " math=off steps=1 strategy=data nodes=4 mesh.data=2 mesh.expert=2 batch=8 "
                                     "bucket=1GB optimizer=adamw allreduce=ring reduce_scatter=ring allgather=ring zero=%d";
    const uint64_t expert = EXPERTS * (2 * HIDDEN * WIDTH + HIDDEN + WIDTH);
    struct result *whole = run(words, 0);
    uint64_t rest = whole->parameters - LAYERS * expert;
    double gathered = sizeof(float) * ((double)rest * (RANKS - 1) + (double)(LAYERS * expert) * (DATA - 1));
    for (int zero = 1; zero <= 3; zero++) {
        struct result *shared = run(words, zero);
        CHECK_NEAR((double)(shared->bytes_sent - whole->bytes_sent), zero == 3 ? gathered : 0, zero == 3 ? 64 : 0);
        CHECK_NEAR((double)shared->node[0].memory_bytes[MEMORY_OPTIMIZER],
                   2 * sizeof(float) * ((double)rest / RANKS + (double)(LAYERS * expert) / SHARERS / DATA), 256);
        result_free(shared);
    }
    result_free(whole);
}

/* Moments that every rank has a share of are saved as the whole. */
static void zero_resumes_by(int zero)
{
    static const char *const words = "model=" MIXTURE " data=devils-dictionary data.train_rows=64 data.test_rows=8 batch=24 "
                                     "eval_every=100 optimizer=adamw";
    static const char *const mesh = "strategy=hybrid mesh.data=2 mesh.expert=2 mesh.tensor=2 bucket=2KiB";
    char path[64], command[96];
    snprintf(path, sizeof path, "/tmp/threadrack-experts-%d.safetensors", (int)getpid());
    struct result *whole = run("%s strategy=single steps=6", words);
    struct result *half = run("%s %s zero=%d steps=3 save=%s", words, mesh, zero, path);
    struct result *rest[2] = {run("%s %s zero=%d steps=6 resume=%s", words, mesh, zero, path),
                              run("%s strategy=single steps=6 resume=%s", words, path)};
    for (int r = 0; r < 2; r++) {
        for (int i = 0; i < 3; i++)
            CHECK_NEAR(rest[r]->step[i].loss, whole->step[3 + i].loss, 1e-5 * whole->step[3 + i].loss);
        result_free(rest[r]);
    }
    result_free(half);
    result_free(whole);
    snprintf(command, sizeof command, "rm /tmp/threadrack-experts-%d.*", (int)getpid());
    CHECK_EQUAL(system(command), 0);
}

static void zero_resumes(void)
{
    zero_resumes_by(1);
    zero_resumes_by(3);
}

/* tests/oracle/experts.csv: what PyTorch makes of mixtures written anew, from our initial weights. */
static void as_pytorch(void)
{
    FILE *stream = fopen("tests/oracle/experts.csv", "r");
    CHECK_FATAL(stream != NULL);
    char model[128], before[128] = "";
    struct result *ways[2] = {NULL, NULL};
    double loss, dropped, balance;
    int step, lines = 0;
    for (; fscanf(stream, "%127[^;];%d;%lf;%lf;%lf ", model, &step, &loss, &dropped, &balance) == 5; lines++) {
        for (int i = 0; i < 2; i++) {
            if (strcmp(model, before)) {
                result_free(ways[i]);
                ways[i] = run("model=%s data=devils-dictionary data.order=sequential batch=6 steps=12 "
                              "optimizer=sgd:lr=0.3 %s",
                              model, i ? "strategy=data nodes=3" : "strategy=single");
            }
            const struct step_record *record = &ways[i]->step[step - 1];
            CHECK_NEAR(record->loss, loss, 1e-5 * loss);
            CHECK_NEAR(record->dropped, dropped, 1e-6);
            CHECK_NEAR(record->balance, balance, 1e-5);
        }
        snprintf(before, sizeof before, "%s", model);
    }
    CHECK_EQUAL(lines, 36);
    CHECK(feof(stream));
    fclose(stream);
    for (int i = 0; i < 2; i++)
        result_free(ways[i]);
}

static void refused(const char *words, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "model=" MIXTURE " math=off %s", words);
    refuses(line, why);
}

static void what_does_not_go_is_refused(void)
{
    refused("strategy=data nodes=3 mesh.expert=3 batch=12", "cannot share 4 experts out evenly");
    refused("strategy=data nodes=4 mesh.expert=4 batch=13", "equal shares");
    refused("strategy=tensor nodes=4 mesh.expert=2", "does not spread");
    refused("strategy=data nodes=4 mesh.data=2 mesh.expert=2 zero=1 zero.shard=1 batch=16", "give zero.shard=all");
    refused("strategy=data nodes=4 mesh.expert=2 optimizer=lamb batch=16", "norms of whole tensors");
}

SUITE("strategy: experts", TEST(every_mesh), TEST(every_mesh_when_clipped),
      TEST(as_pytorch), TEST(exchanges_what_the_formula_says), TEST(a_rank_holds_its_experts),
      TEST(zero_shares_both_out), TEST(zero_resumes),
      TEST(what_does_not_go_is_refused));
