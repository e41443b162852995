/* Sums over the tensor group in chunks (tensor.chunks): the same numbers, sooner by what the formula says. */
#include "tests/strategy/fixture.h"

#define GPT "model=gpt:layers=2,heads=4,width=16,context=8 data=devils-dictionary data.test_rows=64 batch=12 "

static const char *const meshes[] = {
    GPT "strategy=tensor nodes=2", GPT "strategy=tensor nodes=2 tensor.sequence=on",
    GPT "strategy=tensor nodes=2 recompute=full microbatches=2",
    GPT "strategy=hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 pipeline.schedule=zero_bubble",
    "strategy=tensor nodes=4 allreduce=recursive_doubling batch=50", "strategy=tensor nodes=2 model=mlp:64-96-48-10:gelu batch=30"};
enum { MESHES = sizeof meshes / sizeof *meshes };
static const int counts[] = {2, 3, 7, 500};
#define PLAIN "math.kernel=reference optimizer=adamw steps=3 eval_every=1000 "

/* Rows of a product are independent, and so are their sums where each has one order. (BLIS may choose other kernels
 * for other numbers of rows.) */
static void has_the_same_bits(void)
{
    for (int m = 0; m < MESHES; m++) {
        struct result *whole = run(PLAIN "%s", meshes[m]);
        for (int i = 0; i < 4; i++) {
            struct result *cut = run(PLAIN "%s tensor.chunks=%d", meshes[m], counts[i]);
            losses_agree(cut, whole, 0);
            CHECK_EQUAL(cut->bytes_sent, whole->bytes_sent);
            CHECK_EQUAL(cut->peak_memory_bytes, whole->peak_memory_bytes);
            result_free(cut);
        }
        result_free(whole);
    }
}

static void learns_as_single(void)
{
    struct result *single = run(GPT "optimizer=adamw steps=3 eval_every=1000");
    for (int sequence = 0; sequence < 2; sequence++) {
        struct result *cut = run(GPT "strategy=tensor nodes=4 optimizer=adamw steps=3 eval_every=1000 tensor.chunks=3 "
                                     "allreduce=ring reduce_scatter=ring tensor.sequence=%s", sequence ? "on" : "off");
        losses_agree(cut, single, 1e-4);
        result_free(cut);
    }
    result_free(single);
}

static void counts_as_it_trains(void)
{
    for (int m = 0; m < MESHES; m++) {
        struct result *real = run("%s steps=2 eval_every=1000 tensor.chunks=3", meshes[m]);
        struct result *counted = run("%s steps=2 tensor.chunks=3 math=off", meshes[m]);
        CHECK_EQUAL(real->length_ps, counted->length_ps);
        CHECK_EQUAL(real->messages_sent, counted->messages_sent);
        result_free(real);
        result_free(counted);
    }
}

/* A picosecond a multiply or add, and nothing else takes time but messages. */
#define EXACT                                                                                                          \
    "math=off steps=1 strategy=tensor nodes=2 allreduce=ring cluster.device.flops=1Tflop/s "                           \
    "cluster.device.memory_bandwidth=1000TB/s cluster.device.launch=0s cluster.device.add_bandwidth=free "

static void without_communication_nothing_changes(void)
{
    struct result *whole = run(EXACT GPT "netmodel=ideal");
    for (int chunks = 2; chunks <= 8; chunks *= 2) {
        struct result *cut = run(EXACT GPT "netmodel=ideal tensor.chunks=%d", chunks);
        CHECK_EQUAL(cut->length_ps, whole->length_ps);
        result_free(cut);
    }
    result_free(whole);
}

/* One product is summed: the second of the pair, forward. The first layer's inputs need no gradient. */
enum { ROWS = 1024, HIDDEN = 512, OUTPUTS = 16, LATENCY_PS = 2000000 };

/* A chunk's sum by a ring of two: two messages of a half of it. */
static uint64_t sum_ps(uint64_t chunks, uint64_t Bps)
{
    uint64_t half = sizeof(float) * ROWS * OUTPUTS / chunks / 2;
    return 2 * (LATENCY_PS + half * (UINT64_C(1000000000000) / Bps));
}

static uint64_t pipelined_ps(uint64_t chunks, uint64_t Bps)
{
    uint64_t product = 2 * (uint64_t)ROWS * HIDDEN * OUTPUTS / chunks, sum = sum_ps(chunks, Bps);
    return product + (chunks - 1) * (product > sum ? product : sum) + sum;
}

static void is_pipelined_by_the_formula(void)
{
    static const uint64_t rates[] = {1000000000, 5000000000, 50000000000};
    for (int r = 0; r < 3; r++) {
        uint64_t rest_ps = 0;
        for (uint64_t chunks = 1; chunks <= 16; chunks *= 2) {
            struct result *result =
                run(EXACT "model=mlp:64-1024-16 batch=1024 netmodel=hockney cluster.link.latency=1us "
                          "cluster.link.bandwidth=%dGB/s tensor.chunks=%d", (int)(rates[r] / 1000000000), (int)chunks);
            if (chunks == 1)
                rest_ps = result->length_ps - pipelined_ps(1, rates[r]);
            CHECK_EQUAL(result->length_ps, rest_ps + pipelined_ps(chunks, rates[r]));
            result_free(result);
        }
    }
}

static void closed_forms_agree(void)
{
    for (int sequence = 0; sequence < 2; sequence++) {
        char line[512];
        snprintf(line, sizeof line, GPT "math=off steps=2 netmodel=hockney links=off strategy=tensor nodes=4 tensor.chunks=4 "
                                        "tensor.sequence=%s", sequence ? "on" : "off");
        struct result *messages = run("%s", line), *closed = run("%s collectives=closed_form", line);
        CHECK_NEAR((double)closed->length_ps, (double)messages->length_ps, 1e-3 * (double)messages->length_ps);
        CHECK_EQUAL(closed->messages_sent, messages->messages_sent);
        result_free(messages);
        result_free(closed);
    }
}

SUITE("strategy: chunks of tensor sums", TEST(has_the_same_bits), TEST(learns_as_single), TEST(counts_as_it_trains),
      TEST(without_communication_nothing_changes), TEST(is_pipelined_by_the_formula), TEST(closed_forms_agree));
