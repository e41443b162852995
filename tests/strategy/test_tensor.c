/* Tensor parallelism, with and without sequence parallelism: what is learned, to 1e-4 of each loss of
 * one node, and how many bytes it takes. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

static const double tolerance = 1e-4;

static void same_losses(const struct result *single, const char *line)
{
    struct result *result = run_line(line, false);
    bool same = result->steps == single->steps;
    for (int i = 0; same && i < single->steps; i++)
        same = fabs(result->step[i].loss - single->step[i].loss) <= tolerance * single->step[i].loss;
    if (!same)
        fprintf(stderr, "\n%s: %.9g at the end, should be %.9g\n", line, result->final_loss,
                single->final_loss);
    CHECK(same);
    result_free(result);
}

static void learn_the_same(const char *common, const char *const *ways)
{
    char line[512];
    struct result *single = run("strategy=single %s", common);
    for (int i = 0; ways[i]; i++) {
        snprintf(line, sizeof line, "%s %s", ways[i], common);
        same_losses(single, line);
    }
    result_free(single);
}

#define HYBRID(n, d, t, p)                                                                         \
    "strategy=hybrid nodes=" #n " mesh.data=" #d " mesh.tensor=" #t " mesh.pipeline=" #p
#define SEQUENCE " tensor.sequence=on"

/* The network, the data and the update of ../shared/oracle/gpt_adamw. */
#define ORACLE                                                                                     \
    "data=devils-dictionary data.train_rows=1000 data.test_rows=8 data.order=sequential batch=8 "   \
    "optimizer=adamw:lr=0.001,weight_decay=0.01 eval_every=60 steps=30 "
#define GPT "gpt:layers=2,heads=4,width=64,context=32"

static void transformer(void)
{
    static const char *const ways[] = {
        "strategy=tensor nodes=2", "strategy=tensor nodes=2 microbatches=3" SEQUENCE,
        "strategy=tensor nodes=3", "strategy=tensor nodes=4", "strategy=tensor nodes=4" SEQUENCE,
        HYBRID(4, 2, 2, 1) SEQUENCE, HYBRID(8, 2, 4, 1), HYBRID(8, 2, 4, 1) SEQUENCE,
        HYBRID(4, 1, 2, 2) SEQUENCE, HYBRID(8, 1, 4, 2),
        HYBRID(8, 1, 4, 2) " pipeline.schedule=zero_bubble" SEQUENCE,
        HYBRID(12, 3, 2, 2) " pipeline.schedule=1f1b microbatches=2" SEQUENCE, NULL};
    learn_the_same(ORACLE "model=" GPT " init=tests/oracle/gpt_adamw/init.safetensors", ways);
}

static void tied_embeddings(void)
{
    static const char *const ways[] = {
        "strategy=tensor nodes=2", "strategy=tensor nodes=2" SEQUENCE,
        "strategy=tensor nodes=3 microbatches=2", "strategy=tensor nodes=4",
        "strategy=tensor nodes=4 microbatches=2" SEQUENCE, HYBRID(8, 2, 4, 1) SEQUENCE,
        HYBRID(4, 2, 2, 1) " zero=1" SEQUENCE, NULL};
    learn_the_same(ORACLE "model=" GPT ",tied", ways);
}

/* Plain SGD, which one node does within its backward pass; and norms of all gradients. */
static void other_updates(void)
{
    static const char *const ways[] = {"strategy=tensor nodes=4", "strategy=tensor nodes=4" SEQUENCE,
                                       HYBRID(8, 2, 2, 2) SEQUENCE, NULL};
    learn_the_same("data=devils-dictionary batch=8 steps=12 eval_every=60 model=" GPT, ways);
    learn_the_same("data=devils-dictionary batch=8 steps=12 eval_every=60 clip=0.5 "
                   "optimizer=lamb:lr=0.01 model=" GPT, ways);
}

static void perceptron(void)
{
    static const char *const ways[] = {"strategy=tensor nodes=2", "strategy=tensor nodes=4",
                                       "strategy=tensor nodes=5", HYBRID(4, 2, 2, 1),
                                       HYBRID(8, 1, 4, 2), HYBRID(16, 2, 4, 2), NULL};
    learn_the_same("batch=64 steps=30 eval_every=60 model=mlp:64-128-64-32-10:tanh", ways);
}

/* ---- Volume. ---- */

enum { WIDTH = 64, CONTEXT = 32, BATCH = 16 };

/* On a star each message goes over two links. */
static uint64_t floats_on_links(const struct result *result)
{
    uint64_t bytes = 0;
    for (int i = 0; i < result->link_count; i++)
        bytes += result->link[i].record.bytes;
    CHECK_EQUAL(bytes, 2 * result->bytes_sent);
    return bytes / 2 / sizeof(float);
}

static uint64_t floats_sent(const char *how, int depth, int tensors, const char *words)
{
    struct result *result =
        run("model=gpt:layers=%d,heads=4,width=64,context=32 math=off netmodel=hockney links=on steps=1 "
            "batch=16 optimizer=adamw %s %s mesh.tensor=%d",
            depth, how, words, tensors);
    uint64_t floats = floats_on_links(result);
    result_free(result);
    return floats;
}

#define RING " allreduce=ring allgather=ring reduce_scatter=ring"
#define HALVING " allreduce=halving_doubling allgather=recursive_doubling reduce_scatter=halving"
static const char *const by[] = {RING, HALVING};

/* Over all devices and microbatches, b s h (t-1) is (t-1)/t of b s h at each device. A layer has eight
 * of them, ten where its inputs are gathered again; the embedding, the last layer and the loss are
 * counted likewise. */
static void of_tensor_parallelism(void)
{
    for (int i = 0; i < 4; i++)
        for (int t = 2; t <= 4; t += 2)
            for (int depth = 1; depth <= 3; depth++) {
                char how[128];
                snprintf(how, sizeof how, "strategy=tensor microbatches=%d %s", i < 2 ? 1 : 4, by[i % 2]);
                uint64_t bsh = (uint64_t)(t - 1) * BATCH * CONTEXT * WIDTH;
                uint64_t loss = (uint64_t)(t - 1) * BATCH * CONTEXT * 3 * (uint64_t)t;
                uint64_t norms = (uint64_t)(t - 1) * 2 * 2 * WIDTH * (uint64_t)(2 * depth + 1);
                CHECK_EQUAL(floats_sent(how, depth, t, ""),
                            bsh * (uint64_t)(8 * depth + 2 + 2) + loss);
                CHECK_EQUAL(floats_sent(how, depth, t, "tensor.sequence=on"),
                            bsh * (uint64_t)(10 * depth + 2 + 3) + loss + norms);
            }
}

/* A boundary has b s h each way for a tensor rank, or a share of it. */
static void of_pipelines(void)
{
    for (int t = 1; t <= 4; t *= 2)
        for (int p = 2; p <= 3; p++)
            for (int sequence = 0; sequence < (t > 1 ? 2 : 1); sequence++) {
                char how[160];
                const char *words = sequence ? "tensor.sequence=on" : "";
                snprintf(how, sizeof how, "strategy=hybrid mesh.data=1 microbatches=4 " RING
                         " mesh.pipeline=%d", p);
                uint64_t bsh = BATCH * CONTEXT * WIDTH, ranks = sequence ? 1 : (uint64_t)t;
                uint64_t within = t == 1 ? 0
                                         : floats_sent("strategy=tensor microbatches=4" RING, 3, t, words);
                CHECK_EQUAL(floats_sent(how, 3, t, words) - within, 2 * (uint64_t)(p - 1) * ranks * bsh);
            }
}

/* What is kept of a microbatch between blocks is a share, too. */
static void less_is_kept(void)
{
    uint64_t bytes[2];
    for (int sequence = 0; sequence < 2; sequence++) {
        struct result *result = run("model=gpt:layers=8,heads=4,width=64,context=32 math=off steps=1 batch=16 "
                                    "strategy=tensor nodes=4 tensor.sequence=%s", sequence ? "on" : "off");
        bytes[sequence] = result->node[0].memory_bytes[MEMORY_ACTIVATIONS];
        result_free(result);
    }
    CHECK(bytes[1] < bytes[0]);
}

static void counts_as_it_trains(void)
{
    static const char *const line =
        "data=devils-dictionary model=" GPT " batch=8 steps=2 eval_every=60 strategy=hybrid nodes=8 "
        "mesh.data=2 mesh.tensor=2 mesh.pipeline=2 tensor.sequence=on";
    struct result *real = run("%s", line), *counted = run("%s math=off", line);
    CHECK_EQUAL(real->length_ps, counted->length_ps);
    CHECK_EQUAL(real->bytes_sent, counted->bytes_sent);
    CHECK_EQUAL(real->peak_memory_bytes, counted->peak_memory_bytes);
    result_free(real);
    result_free(counted);
}

static void refused(const char *words, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "steps=1 math=off tensor.sequence=on %s", words);
    refuses(line, why);
}

static void what_has_no_sequence(void)
{
    refused("strategy=tensor nodes=2", "layer 0 (linear) of the model does not share positions");
    refused("strategy=tensor nodes=3 model=" GPT, "3 tensor ranks do not divide the 32 positions");
    refused("strategy=tensor nodes=5 model=gpt:layers=1,heads=8,width=64,vocabulary=4",
            "the largest that fits is 4");
}

SUITE("strategy: tensor", TEST(transformer), TEST(tied_embeddings), TEST(other_updates),
      TEST(perceptron), TEST(of_tensor_parallelism), TEST(of_pipelines), TEST(less_is_kept),
      TEST(counts_as_it_trains), TEST(what_has_no_sequence));
