/* Sharded data parallelism trains what data parallelism trains, with the same bits by rings, sends as
 * many bytes, and keeps a share of the optimizer's state. */
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

static void has_the_bits_of_data(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (size_t o = 0; o < sizeof rules / sizeof *rules; o++) {
            struct result *whole = run(RINGS "%s optimizer=%s steps=6", ways[w], rules[o]);
            struct result *shared = run(RINGS "%s optimizer=%s steps=6 zero=1", ways[w], rules[o]);
            for (int i = 0; i < 6; i++)
                CHECK_NEAR(shared->step[i].loss, whole->step[i].loss, 0);
            CHECK_EQUAL(shared->bytes_sent, whole->bytes_sent);
            result_free(whole);
            result_free(shared);
        }
}

/* As rank_alloc does it. */
static uint64_t aligned(uint64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Each layer is a bucket, of 2,080 and 396 parameters, which 4 divides. */
static void volume_and_memory(void)
{
    enum { PARAMETERS = 64 * 32 + 32 + 32 * 12 + 12, NODES = 4, STEPS = 3 };
    struct result *result =
        run("model=mlp:64-32-12 math=off strategy=data nodes=4 bucket=4B optimizer=adamw zero=1 steps=3 "
            "reduce_scatter=ring allgather=ring");
    CHECK_EQUAL(result->bytes_sent, STEPS * NODES * 2 * (NODES - 1) * PARAMETERS);
    for (int i = 0; i < NODES; i++) {
        const uint64_t *bytes = result->node[i].memory_bytes;
        CHECK_EQUAL(bytes[MEMORY_OPTIMIZER], 2 * aligned(sizeof(float) * PARAMETERS / NODES));
        CHECK_EQUAL(bytes[MEMORY_GRADIENTS], aligned(sizeof(float) * PARAMETERS));
    }
    result_free(result);
}

static void counts_as_it_trains(void)
{
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct result *real = run(RINGS "%s optimizer=adamw zero=1 steps=3 eval_every=1000", ways[w]);
        struct result *counted = run(RINGS "%s optimizer=adamw zero=1 steps=3 math=off", ways[w]);
        CHECK_EQUAL(real->length_ps, counted->length_ps);
        CHECK_EQUAL(real->bytes_sent, counted->bytes_sent);
        CHECK_EQUAL(real->peak_memory_bytes, counted->peak_memory_bytes);
        result_free(real);
        result_free(counted);
    }
}

/* The shares of a state are saved as the whole that every mesh reads. */
static void resumes(void)
{
    static const char *const path = "save=/tmp/threadrack-zero-%d.safetensors";
    static const char *const how = RINGS "strategy=data nodes=3 optimizer=adamw";
    char save[96], command[128];
    snprintf(save, sizeof save, path, (int)getpid());
    struct result *whole = run("%s zero=1 steps=8", how);
    struct result *half = run("%s zero=1 steps=4 %s", how, save);
    for (int zero = 0; zero < 2; zero++) {
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

static void refused(const char *words, const char *why)
{
    char line[128];
    snprintf(line, sizeof line, "strategy=data nodes=2 steps=1 zero=1 %s", words);
    struct result *result = run_line(line, true);
    CHECK(strstr(result->reason, why) != NULL);
    result_free(result);
}

static void what_needs_whole_tensors(void)
{
    refused("optimizer=lamb", "needs norms of whole tensors");
    refused("optimizer=lars", "needs norms of whole tensors");
    refused("clip=1", "needs the norm of all gradients");
    refused("compress=topk", "cannot be reduce-scattered");
}

SUITE("strategy: zero", TEST(has_the_bits_of_data), TEST(volume_and_memory), TEST(counts_as_it_trains),
      TEST(resumes), TEST(what_needs_whole_tensors));
