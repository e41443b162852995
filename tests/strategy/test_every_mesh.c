/* Every axis, pair and triple of axes, schedule, stage of zero and way to recompute, a row each: the loss of every step is
 * within 1e-4 of `single`'s, for the GPT that PyTorch has trained (tests/oracle/gpt_adamw, from its weights), others
 * like it and an MLP. Updates are AdamW's, which takes small gradients as seriously as large ones but does not mind
 * a factor; so some are by plain SGD, at a rate so high that a missing part of a norm's gradient shows. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

enum { STEPS = 3 };

struct network {
    const char *words;
    double losses[STEPS]; /* PyTorch's; 0: it has not trained it */
};

#define TEXT "data=devils-dictionary data.train_rows=1000 data.test_rows=8 batch=8 "
#define GPT TEXT "optimizer=adamw:lr=0.001,weight_decay=0.01 "

enum { ORACLE, SGD, EXPERTS, THREE, TIED, MLP, DROPS, DROPS_EXPERTS, NETWORKS };
static const struct network networks[NETWORKS] = {
    [ORACLE] = {GPT "model=gpt:layers=2,heads=4,width=64,context=32 init=tests/oracle/gpt_adamw/init.safetensors",
                {4.7940669, 4.5258961, 4.6172309}},
    [SGD] = {TEXT "optimizer=sgd:lr=0.3 model=gpt:layers=2,heads=4,width=32,context=16", {0}},
    [EXPERTS] = {GPT "model=gpt:layers=2,heads=4,width=32,context=16,experts=4,top=2", {0}},
    [THREE] = {GPT "model=gpt:layers=3,heads=4,width=32,context=16", {0}},
    [TIED] = {GPT "model=gpt:layers=2,heads=4,width=32,context=16,tied", {0}},
    [MLP] = {"batch=61 optimizer=adamw:lr=0.001 model=mlp:64-48x6-10:gelu", {0}},
    [DROPS] = {TEXT "optimizer=sgd:lr=0.3 model=gpt:layers=2,heads=4,width=32,context=16,dropout=0.2", {0}},
    [DROPS_EXPERTS] = {GPT "model=gpt:layers=2,heads=4,width=32,context=16,experts=4,top=2,tied,dropout=0.2", {0}},
};

struct row {
    int network;
    int data, tensor, pipeline, expert;
    const char *words;
};

static const struct row rows[] = {
    /* An axis. */
    {ORACLE, 2, 1, 1, 1, ""},
    {ORACLE, 4, 1, 1, 1, ""},
    {ORACLE, 3, 1, 1, 1, "microbatches=2"},
    {ORACLE, 1, 2, 1, 1, ""},
    {ORACLE, 1, 4, 1, 1, ""},
    {ORACLE, 1, 1, 2, 1, ""},
    {ORACLE, 1, 1, 4, 1, ""},
    {ORACLE, 1, 2, 1, 1, "tensor.sequence=on"},
    {ORACLE, 1, 4, 1, 1, "tensor.sequence=on"},
    {EXPERTS, 1, 1, 1, 2, ""},
    {EXPERTS, 1, 1, 1, 4, ""},
    {MLP, 4, 1, 1, 1, ""},
    {MLP, 1, 4, 1, 1, ""},
    {MLP, 1, 1, 4, 1, ""},
    /* Two. */
    {ORACLE, 2, 2, 1, 1, ""},
    {ORACLE, 4, 2, 1, 1, "bucket=16KiB"},
    {ORACLE, 2, 4, 1, 1, "tensor.sequence=on"},
    {ORACLE, 2, 1, 2, 1, ""},
    {ORACLE, 4, 1, 2, 1, "microbatches=2"},
    {ORACLE, 2, 1, 4, 1, ""},
    {ORACLE, 1, 2, 2, 1, ""},
    {ORACLE, 1, 4, 2, 1, "tensor.sequence=on"},
    {ORACLE, 1, 2, 4, 1, ""},
    {EXPERTS, 2, 1, 1, 2, ""},
    {EXPERTS, 1, 2, 1, 2, ""},
    {EXPERTS, 1, 1, 2, 2, "microbatches=2"},
    {MLP, 3, 1, 3, 1, "microbatches=5"},
    {MLP, 1, 2, 3, 1, ""},
    /* Three, of 8 and 16. */
    {ORACLE, 2, 2, 2, 1, ""},
    {ORACLE, 2, 2, 2, 1, "tensor.sequence=on pipeline.schedule=1f1b clip=1"},
    {ORACLE, 4, 2, 2, 1, "microbatches=2"},
    {ORACLE, 2, 4, 2, 1, ""},
    {ORACLE, 2, 2, 4, 1, ""},
    {ORACLE, 2, 2, 4, 1, "mesh.order=pipeline,data,tensor"},
    {EXPERTS, 2, 1, 2, 2, "microbatches=2"},
    {EXPERTS, 2, 2, 1, 2, ""},
    {TIED, 2, 2, 2, 1, ""},
    {MLP, 2, 2, 4, 1, ""},
    {SGD, 4, 2, 1, 1, "tensor.sequence=on"},
    {SGD, 2, 2, 2, 1, "clip=1"},
    {SGD, 3, 1, 2, 1, "microbatches=2"},
    /* Schedules. */
    {ORACLE, 1, 1, 4, 1, "pipeline.schedule=1f1b"},
    {ORACLE, 1, 1, 4, 1, "pipeline.schedule=zero_bubble"},
    {ORACLE, 1, 1, 2, 1, "pipeline.schedule=interleaved microbatches=4"},
    {SGD, 2, 1, 2, 1, "pipeline.schedule=1f1b"},
    {SGD, 2, 2, 2, 1, "pipeline.schedule=zero_bubble tensor.sequence=on"},
    {ORACLE, 2, 1, 2, 1, "pipeline.schedule=zero_bubble"},
    {ORACLE, 2, 2, 2, 1, "pipeline.schedule=zero_bubble"},
    {ORACLE, 2, 2, 2, 1, "pipeline.schedule=interleaved microbatches=2"},
    {TIED, 1, 1, 2, 1, "pipeline.schedule=zero_bubble"},
    /* Shards. */
    {ORACLE, 2, 1, 1, 1, "zero=1"},
    {ORACLE, 2, 1, 1, 1, "zero=2 bucket=16KiB"},
    {ORACLE, 2, 1, 1, 1, "zero=3 bucket=16KiB"},
    {ORACLE, 4, 1, 1, 1, "zero=3 bucket=16KiB clip=1"},
    {ORACLE, 2, 2, 1, 1, "zero=3 bucket=16KiB"},
    {ORACLE, 2, 1, 2, 1, "zero=2 pipeline.schedule=1f1b"},
    {ORACLE, 2, 2, 2, 1, "zero=1 pipeline.schedule=zero_bubble"},
    {ORACLE, 2, 2, 2, 1, "zero=3 bucket=16KiB tensor.sequence=on"},
    {SGD, 2, 2, 1, 1, "zero=2 bucket=4KiB tensor.sequence=on microbatches=2"},
    {SGD, 2, 2, 2, 1, "zero=3 bucket=4KiB tensor.sequence=on"},
    {SGD, 4, 1, 1, 1, "zero=1 microbatches=2"},
    {ORACLE, 4, 2, 2, 1, "zero=2 bucket=16KiB microbatches=2"},
    {TIED, 4, 1, 1, 1, "zero=3 bucket=4KiB"},
    {TIED, 2, 1, 2, 1, "zero=1"},
    {TIED, 2, 2, 2, 1, "zero=1 bucket=4KiB pipeline.schedule=1f1b microbatches=3 clip=1"},
    {TIED, 4, 1, 2, 1, "zero=1 bucket=4KiB zero.shard=2"},
    {TIED, 3, 1, 2, 1, "zero=1 pipeline.schedule=zero_bubble"},
    {TIED, 2, 1, 2, 1, "zero=1 pipeline.schedule=interleaved microbatches=2"},
    {ORACLE, 2, 1, 2, 1, "zero=2 pipeline.schedule=interleaved microbatches=2"},
    {SGD, 2, 2, 2, 1, "zero=3 bucket=4KiB pipeline.schedule=interleaved microbatches=2 clip=1"},
    {TIED, 2, 1, 2, 1, "zero=3 bucket=4KiB pipeline.schedule=interleaved microbatches=4 recompute=full"},
    {EXPERTS, 1, 1, 2, 2, "zero=3 bucket=4KiB pipeline.schedule=interleaved microbatches=2"},
    {TIED, 2, 2, 2, 1, "zero=2 bucket=4KiB pipeline.schedule=1f1b microbatches=3 clip=1"},
    {TIED, 4, 1, 2, 1, "zero=3 bucket=4KiB zero.shard=2 microbatches=2"},
    {TIED, 2, 2, 2, 1, "zero=3 tensor.sequence=on recompute=full"},
    {EXPERTS, 1, 1, 1, 4, "zero=1"},
    {EXPERTS, 2, 1, 1, 2, "zero=1 bucket=16KiB clip=1"},
    {EXPERTS, 2, 2, 1, 2, "zero=1 bucket=16KiB"},
    {EXPERTS, 2, 1, 2, 2, "zero=1 microbatches=2 clip=1 pipeline.schedule=1f1b"},
    {EXPERTS, 2, 2, 1, 2, "zero=2 bucket=16KiB"},
    {EXPERTS, 2, 1, 2, 2, "zero=3 bucket=16KiB microbatches=2 pipeline.schedule=1f1b clip=1"},
    /* What is computed again. */
    {ORACLE, 1, 1, 1, 1, "recompute=selective"},
    {ORACLE, 1, 1, 1, 1, "recompute=full"},
    {ORACLE, 2, 2, 2, 1, "recompute=selective tensor.sequence=on"},
    {ORACLE, 2, 2, 2, 1, "recompute=full pipeline.schedule=1f1b"},
    {ORACLE, 1, 1, 4, 1, "recompute=full pipeline.schedule=zero_bubble"},
    {ORACLE, 4, 1, 1, 1, "recompute=selective zero=3"},
    {ORACLE, 4, 1, 1, 1, "recompute=full zero=3 bucket=16KiB"},
    {SGD, 2, 2, 2, 1, "recompute=full zero=3 bucket=4KiB tensor.sequence=on pipeline.schedule=1f1b clip=1"},
    {EXPERTS, 2, 2, 1, 1, "recompute=full zero=3 bucket=16KiB microbatches=2"},
    {TIED, 4, 1, 1, 1, "recompute=full zero=3 bucket=4KiB"},
    {DROPS, 2, 2, 1, 1, "recompute=full zero=3 bucket=4KiB"},
    {DROPS_EXPERTS, 2, 1, 2, 2, "recompute=full zero=3 bucket=4KiB microbatches=2 pipeline.schedule=1f1b"},
    /* Uneven stages and shares. */
    {THREE, 1, 1, 2, 1, ""},
    {THREE, 1, 1, 4, 1, ""},
    {THREE, 2, 2, 4, 1, "pipeline.schedule=1f1b"},
    {THREE, 3, 3, 3, 1, "microbatches=2 shares=2:3:3"},
    {ORACLE, 1, 1, 3, 1, "pipeline.split=1:2:1"},
    {ORACLE, 2, 2, 2, 1, "pipeline.split=3:1"},
    {ORACLE, 3, 1, 2, 1, "pipeline.split=1:3 microbatches=2"},
    {MLP, 2, 1, 3, 1, "pipeline.split=4:1:2 microbatches=4"},
    /* Dropout: the same masks, wherever a row, a head, a position and a layer are, and when made again. */
    {DROPS, 1, 1, 1, 1, "microbatches=4"},
    {DROPS, 3, 1, 1, 1, "microbatches=2"},
    {DROPS, 4, 1, 1, 1, "zero=3 bucket=4KiB"},
    {DROPS, 1, 2, 1, 1, ""},
    {DROPS, 1, 3, 1, 1, ""},
    {DROPS, 1, 4, 1, 1, "tensor.sequence=on"},
    {DROPS, 1, 2, 1, 1, "tensor.sequence=on tensor.chunks=3"},
    {DROPS, 1, 1, 2, 1, "pipeline.schedule=interleaved microbatches=4"},
    {DROPS, 1, 1, 4, 1, "pipeline.schedule=1f1b recompute=full"},
    {DROPS, 2, 2, 2, 1, "pipeline.schedule=zero_bubble tensor.sequence=on recompute=full"},
    {DROPS, 2, 2, 2, 1, "zero=2 bucket=4KiB tensor.sequence=on microbatches=2 recompute=selective"},
    {DROPS_EXPERTS, 1, 1, 1, 4, ""},
    {DROPS_EXPERTS, 2, 2, 1, 2, "microbatches=2"},
    {DROPS_EXPERTS, 1, 1, 2, 2, "microbatches=2 recompute=full"},
};

static struct result *train(int network, const char *words)
{
    return run("%s data.order=sequential steps=%d eval_every=100 %s", networks[network].words, STEPS,
               words);
}

/* How far the losses are apart, relative to what they should be; not a number is as far as can be. */
static double worst_of(const struct result *was, const struct result *should)
{
    double worst = was->steps == should->steps ? 0 : INFINITY;
    for (int i = 0; i < was->steps && i < should->steps; i++) {
        double apart = fabs(was->step[i].loss / should->step[i].loss - 1);
        worst = apart <= worst ? worst : apart;
    }
    return worst;
}

static void learns_as_single(const struct row *row, const struct result *single)
{
    char words[256];
    snprintf(words, sizeof words, "strategy=hybrid mesh.data=%d mesh.tensor=%d mesh.pipeline=%d mesh.expert=%d %s",
             row->data, row->tensor, row->pipeline, row->expert, row->words);
    struct result *result = train(row->network, words);
    double worst = worst_of(result, single);
    bool learned = worst <= 1e-4 && result->steps == STEPS && isfinite(worst);
    if (!learned)
        fprintf(stderr, "\n%s\n%s: losses are %g apart\n", networks[row->network].words, words, worst);
    CHECK(learned);
    CHECK_EQUAL(result->nodes, row->data * row->tensor * row->pipeline * row->expert);
    result_free(result);
}

/* clip scales what AdamW does not feel, so that one reference is all of a network's. */
static void every_row(void)
{
    for (int n = 0; n < NETWORKS; n++) {
        struct result *single = train(n, "strategy=single"), *clipped = train(n, "strategy=single clip=1");
        CHECK(single->step[STEPS - 1].loss < single->step[0].loss);
        for (int i = 0; i < STEPS && networks[n].losses[i] > 0; i++)
            CHECK_NEAR(single->step[i].loss, networks[n].losses[i], 1e-4 * networks[n].losses[i]);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            if (rows[i].network == n)
                learns_as_single(&rows[i], strstr(rows[i].words, "clip") ? clipped : single);
        result_free(single);
        result_free(clipped);
    }
}

/* So that the comparison is known to see something: gradients that are a few updates old are no rounding. */
static void what_differs_is_seen(void)
{
    struct result *single = train(ORACLE, "strategy=single");
    struct result *stale = train(ORACLE, "strategy=pipeline nodes=4 pipeline.schedule=pipedream");
    CHECK(worst_of(stale, single) > 1e-3);
    result_free(single);
    result_free(stale);
}

SUITE("strategy: every mesh", TEST(every_row), TEST(what_differs_is_seen));
