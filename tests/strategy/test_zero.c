/* Sharded data parallelism trains what data parallelism trains, with the same bits by rings, sends what
 * the formulas say, and keeps a share of what its stage shards. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

#define RINGS "allreduce=ring reduce_scatter=ring allgather=ring bucket=4KiB "

static const char *const ways[] = {
    "strategy=data nodes=3 batch=64", "strategy=data nodes=4 batch=50 microbatches=2",
    "strategy=hybrid nodes=8 mesh.data=4 mesh.tensor=2 mesh.pipeline=1 batch=64",
    "strategy=data nodes=4 model=gpt:layers=2,heads=4,width=16,context=8,tied data=devils-dictionary "
    "data.test_rows=64 batch=16"};
static const char *const rules[] = {"sgd", "sgd:lr=0.1,momentum=0.9", "adam", "adamw:weight_decay=0.1"};

/* Where microbatches are reduced one by one, sums are made in another order. */
static void has_the_bits_of(const struct result *whole, const char *way, const char *rule, int zero)
{
    bool in_turn = strstr(way, "microbatches=2") && zero >= 2;
    struct result *shared = run(RINGS "%s optimizer=%s steps=6 zero=%d", way, rule, zero);
    for (int i = 0; i < 6; i++)
        CHECK_NEAR(shared->step[i].loss, whole->step[i].loss,
                   in_turn ? 1e-5 * whole->step[i].loss : 0);
    if (zero < 3 && !in_turn)
        CHECK_EQUAL(shared->bytes_sent, whole->bytes_sent);
    result_free(shared);
}

static void has_the_bits_of_data(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (size_t o = 0; o < sizeof rules / sizeof *rules; o++) {
            struct result *whole = run(RINGS "%s optimizer=%s steps=6", ways[w], rules[o]);
            for (int zero = 1; zero <= 3; zero++)
                has_the_bits_of(whole, ways[w], rules[o], zero);
            result_free(whole);
        }
}

/* As rank_alloc does it. */
static uint64_t aligned(uint64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Each layer is a bucket, of 2,080 and 396 parameters, which 4 divides. */
enum { FIRST = 64 * 32 + 32, SECOND = 32 * 12 + 12, PARAMETERS = FIRST + SECOND, NODES = 4 };

/* What lies in the region of what is sharded from a stage on: shares, and whole layers in rooms. */
static uint64_t sharded_bytes(int rooms)
{
    return aligned(sizeof(float) * PARAMETERS / NODES) + (uint64_t)rooms * aligned(sizeof(float) * FIRST);
}

static void volume_and_memory_of(int zero, int prefetch)
{
    enum { STEPS = 3 };
    struct result *result =
        run("model=mlp:64-32-12 math=off strategy=data nodes=4 bucket=4B optimizer=adamw zero=%d "
            "zero.prefetch=%d steps=3 reduce_scatter=ring allgather=ring", zero, prefetch);
    uint64_t whole = aligned(sizeof(float) * PARAMETERS), times = zero < 3 ? 2 : 3;
    CHECK_EQUAL(result->bytes_sent, STEPS * NODES * times * (NODES - 1) * PARAMETERS);
    for (int i = 0; i < NODES; i++) {
        const uint64_t *bytes = result->node[i].memory_bytes;
        CHECK_EQUAL(bytes[MEMORY_OPTIMIZER], 2 * aligned(sizeof(float) * PARAMETERS / NODES));
        CHECK_EQUAL(bytes[MEMORY_GRADIENTS], zero < 2 ? whole : sharded_bytes(2));
        CHECK_EQUAL(bytes[MEMORY_PARAMETERS],
                    zero < 3 ? whole : sharded_bytes(prefetch ? 2 : 1));
    }
    result_free(result);
}

static void volume_and_memory(void)
{
    for (int zero = 1; zero <= 3; zero++)
        volume_and_memory_of(zero, 1);
    volume_and_memory_of(3, 0);
    volume_and_memory_of(3, 9);
}

/* Of eight equal layers: what goes at a stage. */
static void each_stage_needs_less(void)
{
    uint64_t before = UINT64_MAX;
    for (int zero = 0; zero <= 3; zero++) {
        struct result *result = run("model=mlp:64-64x7-10 math=off strategy=data nodes=8 bucket=4B "
                                    "optimizer=adamw zero=%d steps=1 batch=8", zero);
        CHECK(result->peak_memory_bytes < before);
        before = result->peak_memory_bytes;
        result_free(result);
    }
}

static void same_regions(const struct result *counted, const struct result *real)
{
    CHECK_EQUAL(counted->length_ps, real->length_ps);
    CHECK_EQUAL(counted->bytes_sent, real->bytes_sent);
    CHECK_EQUAL(counted->peak_memory_bytes, real->peak_memory_bytes);
    for (int i = 0; i < real->nodes; i++)
        CHECK(!memcmp(real->node[i].memory_bytes, counted->node[i].memory_bytes,
                      sizeof real->node[i].memory_bytes));
}

/* A half of a block is a range, or a block is, or all are. */
static const char *const cuts[] = {"4B", "40KiB", "1MiB"};

/* What is gathered again for the block that is done again is what its backward pass needs. */
static void recomputes_by(const char *way, const char *cut, int prefetch)
{
    static const char *const words = "bucket=%s zero=3 zero.prefetch=%d steps=3 eval_every=100 recompute=%s %s";
    struct result *kept = run(words, cut, prefetch, "none", way);
    struct result *again = run(words, cut, prefetch, "full", way);
    struct result *counted = run(words, cut, prefetch, "full math=off", way);
    losses_agree(again, kept, 0);
    CHECK_EQUAL(again->bytes_sent, kept->bytes_sent);
    CHECK_EQUAL(again->messages_sent, kept->messages_sent);
    same_regions(counted, again);
    result_free(kept);
    result_free(again);
    result_free(counted);
}

#define SMALL_GPT "model=gpt:layers=3,heads=2,width=32,context=8%s data=devils-dictionary data.train_rows=64 " \
                  "data.test_rows=8 batch=8 optimizer=adamw"

static void recomputes(void)
{
    static const char *const how[] = {"strategy=data nodes=4 microbatches=2", "strategy=data nodes=4",
                                      "strategy=hybrid mesh.data=2 mesh.pipeline=2 pipeline.schedule=1f1b microbatches=3"};
    for (size_t h = 0; h < sizeof how / sizeof *how; h++)
        for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++)
            for (int prefetch = 0; prefetch <= 2; prefetch++) {
                char way[256];
                snprintf(way, sizeof way, SMALL_GPT " %s", h == 1 ? ",tied" : "", how[h]);
                recomputes_by(way, cuts[c], prefetch);
            }
}

/* Of halves of blocks that are ranges by themselves, both are there, and room to gather one ahead of each. */
static void recomputing_takes_a_room(void)
{
    enum { WIDTH = 32, HALF = 8 * WIDTH * WIDTH + 7 * WIDTH };
    for (int prefetch = 0; prefetch <= 2; prefetch++) {
        uint64_t bytes[2];
        for (int again = 0; again < 2; again++) {
            struct result *result = run(SMALL_GPT " strategy=data nodes=4 bucket=4B zero=3 zero.prefetch=%d math=off steps=1 "
                                        "recompute=%s", "", prefetch, again ? "full" : "none");
            bytes[again] = result->node[0].memory_bytes[MEMORY_PARAMETERS];
            result_free(result);
        }
        CHECK_EQUAL(bytes[1] - bytes[0], aligned(sizeof(float) * HALF));
    }
}

static const char *const stages[] = {"zero=1", "zero=2", "zero=3", "zero=3 zero.prefetch=0",
                                     "zero=3 zero.prefetch=3"};
enum { STAGES = sizeof stages / sizeof *stages };
static const char *const meshes[] = {
    "strategy=hybrid nodes=4 mesh.data=2 mesh.tensor=1 mesh.pipeline=2 batch=64",
    "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 batch=48 microbatches=3 "
    "pipeline.schedule=1f1b",
    "strategy=hybrid nodes=4 mesh.data=2 mesh.pipeline=2 batch=64 microbatches=4 pipeline.schedule=interleaved "
    "model=mlp:64-32x5-10"};

static void counts_alike(const char *way, const char *stage)
{
    struct result *real = run(RINGS "%s optimizer=adamw %s steps=3 eval_every=1000", way, stage);
    struct result *counted = run(RINGS "%s optimizer=adamw %s steps=3 math=off", way, stage);
    same_regions(counted, real);
    result_free(real);
    result_free(counted);
}

static void counts_as_it_trains(void)
{
    for (int s = 0; s < STAGES; s++) {
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
            counts_alike(ways[w], stages[s]);
        for (size_t m = 0; m < sizeof meshes / sizeof *meshes; m++)
            counts_alike(meshes[m], stages[s]);
    }
}

static void learns_as_single(void)
{
    struct result *single[2] = {run("batch=64 optimizer=adamw steps=10"),
                                run("batch=48 optimizer=adamw steps=10")};
    for (int s = 0; s < STAGES; s++)
        for (int m = 0; m < 2; m++) {
            struct result *shared = run("%s %s optimizer=adamw bucket=4KiB steps=10", meshes[m], stages[s]);
            for (int i = 0; i < 10; i++)
                CHECK_NEAR(shared->step[i].loss, single[m]->step[i].loss,
                           1e-4 * single[m]->step[i].loss);
            result_free(shared);
        }
    result_free(single[0]);
    result_free(single[1]);
}

/* The norm is summed share by share, so in another order than that of whole gradients. */
static void clips_as_single(void)
{
    struct result *single = run("batch=48 optimizer=adamw steps=10 clip=0.5");
    for (int s = 0; s < STAGES; s++) {
        struct result *shared =
            run("%s %s optimizer=adamw bucket=4KiB steps=10 clip=0.5", meshes[1], stages[s]);
        CHECK(single->step[0].gradient_norm > 0.5);
        for (int i = 0; i < 10; i++) {
            double loss = single->step[i].loss, norm = single->step[i].gradient_norm;
            CHECK_NEAR(shared->step[i].loss, loss, 1e-4 * loss);
            CHECK_NEAR(shared->step[i].gradient_norm, norm, 1e-3 * norm);
        }
        result_free(shared);
    }
    result_free(single);
}

/* Layers of a fast device behind slow links: the gather of one hides behind the computing of the one
 * before it. */
static void prefetch_hides_gathers(void)
{
    static const char *const how =
        "model=mlp:64-256x6-10 strategy=data nodes=4 batch=512 bucket=4B steps=2 zero=3 optimizer=adamw "
        "cluster.device.flops=50Gflop/s cluster.link.bandwidth=10Gbit/s";
    struct result *late = run("%s zero.prefetch=0", how), *ahead = run("%s", how);
    CHECK(ahead->length_ps < late->length_ps - late->length_ps / 10);
    CHECK_EQUAL(ahead->bytes_sent, late->bytes_sent);
    for (int i = 0; i < 2; i++)
        CHECK_NEAR(ahead->step[i].loss, late->step[i].loss, 0);
    result_free(late);
    result_free(ahead);
}

/* Each bucket of what is done again is gathered behind the block before. */
static void prefetch_hides_gathers_of_blocks(void)
{
    static const char *const how =
        "model=gpt:layers=6,heads=4,width=128,context=64 data=devils-dictionary strategy=data nodes=4 batch=64 "
        "bucket=4B steps=2 zero=3 math=off recompute=full cluster.device.flops=1Tflop/s "
        "cluster.link.bandwidth=20Gbit/s";
    struct result *late = run("%s zero.prefetch=0", how), *ahead = run("%s", how);
    struct result *all = run("%s zero.prefetch=4", how);
    CHECK_EQUAL(ahead->bytes_sent, late->bytes_sent);
    CHECK(ahead->length_ps < late->length_ps - late->length_ps / 10);
    CHECK(ahead->length_ps - all->length_ps < all->length_ps / 100);
    result_free(late);
    result_free(ahead);
    result_free(all);
}

/* The shares of a state are saved as the whole that every mesh reads. */
static void resumes_from(int saved)
{
    static const char *const path = "save=/tmp/threadrack-zero-%d.safetensors";
    static const char *const how = RINGS "strategy=data nodes=3 optimizer=adamw";
    char save[96], command[128];
    snprintf(save, sizeof save, path, (int)getpid());
    struct result *whole = run("%s zero=1 steps=8", how);
    struct result *half = run("%s zero=%d steps=4 %s", how, saved, save);
    for (int zero = 0; zero <= 3; zero++) {
        struct result *rest = run("%s zero=%d steps=8 resume=%s", how, zero, save + strlen("save="));
        CHECK_EQUAL(rest->steps, 4);
        for (int i = 0; i < 4; i++)
            CHECK_NEAR(rest->step[i].loss, whole->step[4 + i].loss, 0);
        result_free(rest);
    }
    snprintf(command, sizeof command, "rm /tmp/threadrack-zero-%d.*", (int)getpid());
    CHECK_EQUAL(system(command), 0);
    result_free(half);
    result_free(whole);
}

static void resumes(void)
{
    for (int saved = 1; saved <= 3; saved++)
        resumes_from(saved);
}

/* ---- A table that the first and the last stage have. ---- */

enum { TIED_WIDTH = 32, TIED_VOCABULARY = 128, TIED_STEPS = 3 };

#define TIED "gpt:layers=2,heads=2,width=32,context=8,vocabulary=128,tied"
#define TIED_STAGES "data=devils-dictionary data.train_rows=64 data.test_rows=8 batch=16 optimizer=adamw " \
                    "eval_every=100 strategy=hybrid "

/* Sums of two are the same bits in any order. */
static void ties_as_whole(const struct learned *whole, const char *stage)
{
    char line[512];
    snprintf(line, sizeof line, RINGS TIED_STAGES "steps=3 microbatches=1 mesh.pipeline=2 mesh.data=2 %s", stage);
    struct learned shared = learn(TIED, line);
    struct result *counted = run("model=" TIED " %s math=off", line);
    same_learned(&shared, whole);
    same_regions(counted, shared.result);
    result_free(counted);
    learned_release(shared);
}

static const char *const tied_stages[] = {"zero=1", "zero=2", "zero=3", "zero=3 zero.prefetch=0", "zero=3 recompute=full"};
enum { TIED_WAYS = sizeof tied_stages / sizeof *tied_stages };

static void ties_stages(void)
{
    struct learned whole = learn(TIED, RINGS TIED_STAGES "steps=3 microbatches=1 mesh.pipeline=2 mesh.data=2");
    for (int s = 0; s < TIED_WAYS; s++)
        ties_as_whole(&whole, tied_stages[s]);
    learned_release(whole);
}

/* A pair of stages adds up a share of the table instead of all of it, 2 floats an element over the link. */
static void ties_shares_only(void)
{
    enum { REPLICAS = 4, TABLE = TIED_WIDTH * TIED_VOCABULARY };
    static const char *const words = "model=" TIED " " RINGS TIED_STAGES "steps=3 mesh.pipeline=2 mesh.data=4 math=off %s";
    struct result *whole = run(words, "zero=0"), *shared = run(words, "zero=1");
    CHECK_EQUAL(whole->bytes_sent - shared->bytes_sent,
                TIED_STEPS * 2 * sizeof(float) * TABLE * (REPLICAS - 1));
    result_free(whole);
    result_free(shared);
}

static void ties_resumed(void)
{
    static const char *const words = "model=" TIED " " RINGS TIED_STAGES "mesh.data=2";
    char save[96];
    snprintf(save, sizeof save, "/tmp/threadrack-zero-%d.safetensors", (int)getpid());
    struct result *whole = run("%s mesh.pipeline=2 steps=6", words);
    struct result *half = run("%s mesh.pipeline=2 zero=1 steps=3 save=%s", words, save);
    struct result *rest = run("%s mesh.pipeline=2 zero=1 steps=6 resume=%s", words, save);
    struct result *other = run("%s steps=6 resume=%s", words, save);
    for (int i = 0; i < TIED_STEPS; i++) {
        double loss = whole->step[TIED_STEPS + i].loss;
        CHECK_NEAR(rest->step[i].loss, loss, 0);
        CHECK_NEAR(other->step[i].loss, loss, 1e-5 * loss);
    }
    result_free(whole);
    result_free(half);
    result_free(rest);
    result_free(other);
    snprintf(save, sizeof save, "rm /tmp/threadrack-zero-%d.*", (int)getpid());
    CHECK_EQUAL(system(save), 0);
}

static void refused(const char *words, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "steps=1 %s", words);
    refuses(line, why);
}

static void what_needs_whole_tensors(void)
{
    refused("strategy=data nodes=2 zero=1 optimizer=lamb", "needs norms of whole tensors");
    refused("strategy=data nodes=2 zero=1 optimizer=lars", "needs norms of whole tensors");
    refused("strategy=data nodes=2 zero=1 compress=topk", "cannot be reduce-scattered");
    refused("strategy=hybrid nodes=2 mesh.data=2 pipeline.schedule=zero_bubble zero=2", "half of them later");
}

SUITE("strategy: zero", TEST(has_the_bits_of_data), TEST(volume_and_memory), TEST(each_stage_needs_less),
      TEST(learns_as_single), TEST(clips_as_single),
      TEST(prefetch_hides_gathers), TEST(recomputes), TEST(recomputing_takes_a_room),
      TEST(prefetch_hides_gathers_of_blocks), TEST(counts_as_it_trains),
      TEST(resumes), TEST(ties_stages), TEST(ties_shares_only), TEST(ties_resumed), TEST(what_needs_whole_tensors));
