/* precision=bf16: the same losses to the bit, since the maths stays fp32; two bytes a number in regions and on
 * links, four where they are in full; real runs and timing-only ones alike to the byte and the picosecond. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#define GPT "gpt:layers=4,heads=4,width=32,context=16"
#define HOW "data=devils-dictionary batch=16 steps=2 data.test_rows=16 optimizer=adamw:lr=0.001 bucket=1GiB " \
            "allreduce=ring allgather=ring reduce_scatter=ring"

static const char *const meshes[] = {
    "single", "single microbatches=2 recompute=selective", "data nodes=4", "data nodes=4 zero=1",
    "data nodes=4 zero=2 microbatches=2", "data nodes=4 zero=3", "tensor nodes=4",
    "tensor nodes=4 tensor.sequence=on clip=1", "pipeline nodes=4 pipeline.schedule=1f1b microbatches=8",
    "pipeline nodes=2 pipeline.schedule=zero_bubble microbatches=4 recompute=full",
    "pipeline nodes=2 pipeline.schedule=interleaved microbatches=4",
    "pipeline nodes=3 pipeline.schedule=pipedream",
    "hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=2 microbatches=2 tensor.sequence=on zero=1",
    "tensor nodes=4 tensor.chunks=3", "data nodes=4 mesh.context=4 zero=1",
    "hybrid nodes=8 mesh.data=2 mesh.tensor=2 mesh.pipeline=1 mesh.context=2 tensor.chunks=2 recompute=full", NULL};

static void timing_only_agrees(const struct result *real, const char *line)
{
    struct result *timed = run("model=%s %s math=off", GPT, line);
    CHECK_EQUAL(timed->length_ps, real->length_ps);
    CHECK_EQUAL(timed->bytes_sent, real->bytes_sent);
    for (int i = 0; i < real->nodes; i++)
        CHECK(!memcmp(timed->node[i].memory_bytes, real->node[i].memory_bytes,
                      sizeof real->node[i].memory_bytes));
    result_free(timed);
}

static void losses_are_the_same_bits(void)
{
    for (int i = 0; meshes[i]; i++) {
        char full[512], half[640];
        snprintf(full, sizeof full, "strategy=%s %s", meshes[i], HOW);
        snprintf(half, sizeof half, "%s precision=bf16", full);
        struct learned was = learn(GPT, half), should = learn(GPT, full);
        same_learned(&was, &should);
        CHECK(was.result->bytes_sent <= should.result->bytes_sent);
        CHECK(was.result->length_ps < should.result->length_ps);
        timing_only_agrees(was.result, half);
        timing_only_agrees(should.result, full);
        learned_release(was);
        learned_release(should);
    }
}

/* Rajbhandari et al. 2020, section 3.1 and figure 1: 2 bytes a parameter, 2 of gradients, K = 12 of optimizer,
 * of which stages 1 to 3 leave a node the d-th parts. Sizes divide, so that there is nothing but that; of 2
 * and 3 buckets come besides. */
static void zero_counts_16_bytes_a_parameter(void)
{
    static const char *const how[] = {"optimizer=adamw", "optimizer=adamw zero=1",
                                      "optimizer=adamw precision.gradients=fp32", "optimizer=sgd:lr=0.1", NULL};
    static const uint64_t sixteenths[][3] = {{2, 2, 12}, {2, 2, 3}, {2, 4, 12}, {2, 2, 4}};
    for (int i = 0; how[i]; i++) {
        struct result *result = run("strategy=data nodes=4 model=mlp:64-64x8 math=off steps=1 "
                                    "precision=bf16 bucket=1GiB %s", how[i]);
        const uint64_t *bytes = result->node[3].memory_bytes;
        CHECK_EQUAL(bytes[MEMORY_PARAMETERS], sixteenths[i][0] * result->parameters);
        CHECK_EQUAL(bytes[MEMORY_GRADIENTS], sixteenths[i][1] * result->parameters);
        CHECK_EQUAL(bytes[MEMORY_OPTIMIZER], sixteenths[i][2] * result->parameters);
        result_free(result);
    }
}

static uint64_t sent(const char *way, const char *precision)
{
    struct result *result =
        run("strategy=%s model=%s %s math=off precision=%s", way, GPT, HOW, precision);
    uint64_t bytes = result->bytes_sent;
    result_free(result);
    return bytes;
}

/* Of every message but those in full: three floats a position and tensor rank, all-gathered for the loss. */
static void links_carry_half(void)
{
    const uint64_t steps = 2, positions = 16 * 16, ranks = 4;
    const uint64_t loss_parts = steps * ranks * (ranks - 1) * positions * 3 * sizeof(float);
    static const char *const alone[] = {"data nodes=4", "data nodes=4 zero=1", "data nodes=4 zero=3",
                                        "pipeline nodes=4 microbatches=4",
                                        "data nodes=4 compress=none microbatches=2",
                                        "data nodes=4 mesh.context=4", "data nodes=4 mesh.context=2 microbatches=2",
                                        NULL};
    for (int i = 0; alone[i]; i++)
        CHECK_EQUAL(2 * sent(alone[i], "bf16"), sent(alone[i], "fp32"));
    CHECK_EQUAL(2 * sent("tensor nodes=4", "bf16"), sent("tensor nodes=4", "fp32") + loss_parts);
    CHECK_EQUAL(2 * sent("tensor nodes=4 tensor.chunks=3", "bf16"), sent("tensor nodes=4", "fp32") + loss_parts);
    CHECK_EQUAL(2 * sent("tensor nodes=4 tensor.sequence=on", "bf16"),
                sent("tensor nodes=4 tensor.sequence=on", "fp32") + loss_parts);
    CHECK_EQUAL(sent("data nodes=4 precision.gradients=fp32", "bf16"), sent("data nodes=4", "fp32"));
    CHECK_EQUAL(sent("pipeline nodes=4 precision.gradients=fp32", "bf16"),
                sent("pipeline nodes=4", "bf16"));
}

/* A node that only its memory slows, at a byte a picosecond: products of R x I by I x O on both ways, with the
 * bias; the loss; the update of adamw. */
static void costs_count_two_bytes(void)
{
    enum { R = 32, I = 64, O = 10 };
    static const char *const line = "model=logistic strategy=single batch=32 steps=1 math=off optimizer=adamw "
                                    "cluster.device.launch=0s cluster.device.memory_bandwidth=1TB/s "
                                    "cluster.device.flops=1000Tflop/s precision=bf16";
    const uint64_t weights = I * O, parameters = weights + O;
    const uint64_t forward = 2 * (R * I + weights + R * O + O);
    const uint64_t loss = 4 * (R * O + R) + 2 * R * O;
    const uint64_t update = 4 * 6 * parameters + 2 * parameters; /* w, m and v both ways; half of w besides */
    for (int full = 0; full < 2; full++) {
        const uint64_t g = full ? 4 : 2;
        const uint64_t back = 2 * R * O + g * O + 2 * (R * I + R * O) + g * weights;
        struct result *result = run("%s precision.gradients=%s", line, full ? "fp32" : "same");
        CHECK_EQUAL(result->node[0].compute_ps, forward + loss + back + update + g * parameters);
        result_free(result);
    }
}

/* A real run whose floats would not fit, but whose halves do. */
static void nodes_are_full_by_what_is_accounted(void)
{
    static const char *const line = "strategy=data nodes=2 model=mlp:64-64-10 batch=4096 steps=1 "
                                    "cluster.device.memory=1600kB precision=";
    char words[256];
    snprintf(words, sizeof words, "%sfp32", line);
    struct result *refused = run_refused(words, STATUS_OUT_OF_MEMORY);
    CHECK(refused->peak_memory_bytes == 0);
    result_free(refused);
    struct result *ran = run("%sbf16", line);
    CHECK(ran->peak_memory_bytes > 0 && ran->peak_memory_bytes <= 1600000);
    result_free(ran);
}

static bool says(const struct result *result, const char *words)
{
    for (int i = 0; i < result->note_count; i++)
        if (strstr(result->notes[i], words))
            return true;
    return false;
}

static void it_is_said_aloud(void)
{
    struct result *real = run("strategy=data nodes=2 steps=1 precision=bf16");
    CHECK(says(real, "accounted in bf16, computed in fp32") && says(real, "gradients 2"));
    CHECK(says(real, "cluster.device.flops, which is taken as the nodes' rate in bf16"));
    result_free(real);
    struct result *timed = run("steps=1 precision=fp16 math=off cluster.device=v100 precision.gradients=fp32");
    CHECK(says(timed, "nothing is computed") && says(timed, "gradients 4") && says(timed, "scaling of the loss"));
    result_free(timed);
    struct result *mixed = run("steps=1 cluster.device=a100 math=off");
    CHECK(says(mixed, "the device's rate in bf16, memory and messages in fp32"));
    result_free(mixed);
    struct result *plain = run("steps=1 math=off precision.gradients=fp32");
    CHECK(says(plain, "precision.gradients=fp32 has no effect") && !says(plain, "accounted in"));
    result_free(plain);
}

static void what_it_is_not_for(void)
{
    refuses("strategy=local_sgd nodes=2 precision=bf16", "not accounted under strategy local_sgd");
    refuses("strategy=parameter_server nodes=3 precision=bf16", "not accounted under strategy parameter_server");
    refuses("strategy=data nodes=2 precision=bf16 compress=topk:ratio=0.1", "compress=topk, whose payloads");
    refuses("strategy=data nodes=2 precision=bf16 compress=powersgd", "compress=powersgd, whose payloads");
    refuses("math=off precision=bf16 cluster.device=v100", "device v100 has no bf16 arithmetic; it has fp32, fp16");
    result_free(run("math=off steps=1 precision=bf16 cluster.device=v100 cluster.device.precision=fp16"));
    result_free(run("strategy=data nodes=2 steps=1 precision=bf16 compress=bf16"));
}

SUITE("strategy: precision", TEST(losses_are_the_same_bits), TEST(zero_counts_16_bytes_a_parameter),
      TEST(links_carry_half), TEST(costs_count_two_bytes), TEST(nodes_are_full_by_what_is_accounted),
      TEST(it_is_said_aloud), TEST(what_it_is_not_for));
