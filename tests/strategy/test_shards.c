/* Sharding among some of the replicas (zero.shard): the same learning, what is sent and held by formula, and boxes
 * where the nodes are. */
#include "tests/strategy/fixture.h"

#include <unistd.h>

#define WHOLE_RINGS "allreduce=ring reduce_scatter=ring allgather=ring "
#define RINGS WHOLE_RINGS "bucket=4KiB "

static const char *const meshes[] = {
    "strategy=data nodes=8 batch=64", "strategy=data nodes=4 batch=50 microbatches=2",
    "strategy=hybrid nodes=8 mesh.data=4 mesh.tensor=2 mesh.pipeline=1 batch=64",
    "strategy=hybrid nodes=8 mesh.data=4 mesh.pipeline=2 mesh.tensor=1 batch=48 microbatches=3 pipeline.schedule=1f1b "
    "mesh.order=data"};
enum { MESHES = sizeof meshes / sizeof *meshes };

static void learns_as_single(void)
{
    static const char *const singles[] = {"batch=64", "batch=50", "batch=64", "batch=48"};
    for (int m = 0; m < MESHES; m++) {
        struct result *single = run("%s optimizer=adamw clip=0.5 steps=6 eval_every=1000", singles[m]);
        for (int zero = 1; zero <= 3; zero++)
            for (int shard = 1; shard <= 2; shard++) {
                struct result *result = run("%s zero=%d zero.shard=%d optimizer=adamw clip=0.5 bucket=4KiB steps=6 "
                                            "eval_every=1000", meshes[m], zero, shard);
                losses_agree(result, single, 1e-4);
                CHECK_NEAR(result->step[5].gradient_norm, single->step[5].gradient_norm,
                           1e-3 * single->step[5].gradient_norm);
                result_free(result);
            }
        result_free(single);
    }
}

/* Where nobody shares, copies are summed as replicas are; and stages of zero sum in one order. */
static void has_the_bits_of_data(void)
{
    static const char *const line = RINGS "strategy=data nodes=4 optimizer=adamw steps=6 eval_every=1000";
    struct result *whole = run("%s", line), *first = run("%s zero=1 zero.shard=2", line);
    for (int zero = 1; zero <= 3; zero++) {
        struct result *alone = run("%s zero=%d zero.shard=1", line, zero),
                      *pairs = run("%s zero=%d zero.shard=2", line, zero),
                      *all = run("%s zero=%d zero.shard=4", line, zero);
        losses_agree(alone, whole, 0);
        losses_agree(pairs, first, 0);
        losses_agree(all, whole, 0);
        CHECK(zero == 3 || alone->bytes_sent == whole->bytes_sent);
        result_free(alone);
        result_free(pairs);
        result_free(all);
    }
    result_free(whole);
    result_free(first);
}

/* Of layers of 2,080 and 396 parameters, which 4 divides. */
enum { FIRST = 64 * 32 + 32, SECOND = 32 * 12 + 12, PARAMETERS = FIRST + SECOND, NODES = 8 };

/* As rank_alloc does it. */
static uint64_t aligned(uint64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* A rank's, by rings: (s-1)/s of all for a reduce-scatter and for each gather, of which stage 3 has two, in a group
 * of s; and 2(c-1)/c of its share for the sum over c copies, once for all microbatches. */
static void volume_and_memory_of(int zero, int size, int microbatches)
{
    uint64_t copies = NODES / size, passes = zero == 1 ? 1 : (uint64_t)microbatches;
    uint64_t scatters = zero == 1 ? 1 : passes, gathers = zero == 3 ? 2 * passes : 1;
    uint64_t share = sizeof(float) * PARAMETERS / (uint64_t)size;
    struct result *result =
        run(WHOLE_RINGS "model=mlp:64-32-12 math=off strategy=data nodes=8 bucket=4B optimizer=adamw zero=%d zero.shard=%d "
                  "steps=1 microbatches=%d", zero, size, microbatches);
    CHECK_EQUAL(result->bytes_sent, NODES * share * ((scatters + gathers) * (uint64_t)(size - 1)) +
                                        NODES * share * 2 * (copies - 1) / copies);
    for (int i = 0; i < NODES; i++) {
        const uint64_t *bytes = result->node[i].memory_bytes;
        CHECK_EQUAL(bytes[MEMORY_OPTIMIZER], 2 * aligned(share));
        CHECK(zero < 2 || bytes[MEMORY_GRADIENTS] == aligned(share) + 2 * aligned(sizeof(float) * FIRST));
        CHECK(zero < 3 || bytes[MEMORY_PARAMETERS] == aligned(share) + 2 * aligned(sizeof(float) * FIRST));
    }
    result_free(result);
}

static void volume_and_memory(void)
{
    for (int zero = 1; zero <= 3; zero++)
        for (int microbatches = 1; microbatches <= 2; microbatches++) {
            volume_and_memory_of(zero, 2, microbatches);
            volume_and_memory_of(zero, 4, microbatches);
        }
}

static void counts_as_it_trains(void)
{
    for (int m = 0; m < MESHES; m++)
        for (int zero = 1; zero <= 3; zero++) {
            struct result *real = run("%s optimizer=adamw zero=%d zero.shard=2 bucket=4KiB steps=2 eval_every=1000",
                                      meshes[m], zero);
            struct result *counted =
                run("%s optimizer=adamw zero=%d zero.shard=2 bucket=4KiB steps=2 math=off", meshes[m], zero);
            CHECK_EQUAL(real->length_ps, counted->length_ps);
            CHECK_EQUAL(real->bytes_sent, counted->bytes_sent);
            for (int i = 0; i < real->nodes; i++)
                CHECK(!memcmp(real->node[i].memory_bytes, counted->node[i].memory_bytes,
                              sizeof real->node[i].memory_bytes));
            result_free(real);
            result_free(counted);
        }
}

/* Of two boxes of four, wherever their ranks are. */
static void boxes_are_of_nodes(void)
{
    static const char *const line =
        RINGS "cluster=boxes-of-8 cluster.box.size=4 nodes=8 strategy=data optimizer=adamw zero=2 steps=3 eval_every=1000";
    struct result *box = run("%s zero.shard=box", line), *four = run("%s zero.shard=4", line),
                  *all = run("%s", line), *spread = run("%s zero.shard=box placement=round_robin", line);
    CHECK_EQUAL(box->length_ps, four->length_ps);
    losses_agree(box, four, 0);
    CHECK_EQUAL(spread->length_ps, box->length_ps);
    CHECK(box->length_ps < all->length_ps);
    losses_agree(spread, all, 1e-4);
    result_free(box);
    result_free(four);
    result_free(all);
    result_free(spread);
}

static uint64_t sent_between_boxes(const struct result *result)
{
    uint64_t between = 0;
    for (int i = 0; i < result->link_count; i++)
        if (!strncmp(result->link[i].to, "switch", 6) && !strncmp(result->link[i].from, "switch", 6))
            between += result->link[i].record.bytes;
    return between;
}

/* A quarter of the bytes crosses between boxes, and sharding within them spares gathers of zero=3 that way. */
static void crosses_between_boxes_with_shares_only(void)
{
    enum { BOX = 4, SHARE = 4 * PARAMETERS / BOX };
    struct result *result =
        run(WHOLE_RINGS "cluster=boxes-of-8 cluster.box.size=4 nodes=8 strategy=data bucket=4B model=mlp:64-32-12 math=off steps=1 "
                  "zero=3 zero.shard=box links=on");
    CHECK_EQUAL(sent_between_boxes(result), 2 * 8 * SHARE); /* up and down; each of two copies sends a half twice */
    result_free(result);
}

/* By levels half of n bytes leaves each of two boxes, both ways of the blocks; round a ring of p 7/8 of them. */
static void crosses_between_boxes_once_by_levels(void)
{
    static const char *const line = "cluster=boxes-of-8 cluster.box.size=4 nodes=8 strategy=data bucket=4B "
                                    "model=mlp:63-32-16 math=off steps=1 zero=1 links=on";
    enum { BYTES = 4 * (64 * 32 + 33 * 16) };
    struct result *levels = run("%s reduce_scatter=hierarchical allgather=hierarchical", line),
                  *rings = run(WHOLE_RINGS "%s", line);
    CHECK_EQUAL(sent_between_boxes(levels), 2 * 2 * BYTES); /* up and down */
    CHECK_EQUAL(sent_between_boxes(rings), 2 * 2 * BYTES / 4 * 7);
    CHECK_TEXT(levels->allreduce, "reduce_scatter:hierarchical+allgather:hierarchical");
    result_free(levels);
    result_free(rings);
}

/* Across boxes, too, zero=1 sends what the all-reduce does, in the same time. */
static void costs_no_more_than_data_across_boxes(void)
{
    static const char *const line = "cluster=dgx-a100-pod nodes=16 strategy=data model=mlp:64-1024x4-10 batch=1024 "
                                    "math=off steps=1 optimizer=sgd";
    struct result *data = run("%s", line), *zero = run("%s zero=1", line);
    CHECK(zero->length_ps <= data->length_ps + data->length_ps / 50);
    result_free(data);
    result_free(zero);
}

static void learns_by_levels(void)
{
    static const char *const line = "cluster=boxes-of-8 cluster.box.size=4 nodes=8 strategy=data batch=64 optimizer=adamw "
                                    "bucket=4KiB steps=6 eval_every=1000";
    struct result *data = run("%s allreduce=ring", line);
    for (int zero = 1; zero <= 3; zero++) {
        struct result *result = run("%s reduce_scatter=hierarchical allgather=hierarchical zero=%d", line, zero);
        losses_agree(result, data, 1e-5);
        result_free(result);
    }
    result_free(data);
}

/* Blocks of unequal length in shares of unequal length, a strand a dimension. */
static void learns_by_dimensions(void)
{
    static const char *const line = "nodes=12 strategy=data batch=64 optimizer=adamw bucket=4KiB steps=6 eval_every=1000",
                            *const tori[] = {"2x3x2", "4x3", "3x2x2"};
    struct result *data = run("%s allreduce=ring", line);
    for (int zero = 1; zero <= 3; zero++) {
        const char *torus = tori[zero - 1];
        struct result *result = run("%s reduce_scatter=torus2d:levels=%s allgather=torus2d:levels=%s zero=%d", line, torus,
                                    torus, zero);
        losses_agree(result, data, 1e-5);
        CHECK_TEXT(result->allreduce, "reduce_scatter:torus2d+allgather:torus2d");
        result_free(result);
    }
    result_free(data);
}

static void closed_forms_agree(void)
{
    static const char *const kinds[] = {"ideal cluster=ethernet-10g", "flow cluster.topology=full_mesh"};
    for (int i = 0; i < 2; i++)
        for (int zero = 1; zero <= (i ? 2 : 3); zero++) {
            char line[512];
            snprintf(line, sizeof line, "math=off links=off netmodel=%s strategy=data nodes=8 bucket=64KiB zero=%d "
                                        "zero.shard=4 steps=2 model=gpt:layers=4,heads=4,width=64,context=32",
                     kinds[i], zero);
            struct result *messages = run("%s", line), *closed = run("%s collectives=closed_form", line);
            CHECK_NEAR((double)closed->length_ps, (double)messages->length_ps, 1e-3 * (double)messages->length_ps);
            CHECK_EQUAL(closed->messages_sent, messages->messages_sent);
            result_free(messages);
            result_free(closed);
        }
}

/* What is saved is whole, and every way to share goes on from it. */
static void resumes(void)
{
    char save[96], command[128];
    static const char *const how = RINGS "strategy=data nodes=4 optimizer=adamw eval_every=1000";
    snprintf(save, sizeof save, "save=/tmp/threadrack-shards-%d.safetensors", (int)getpid());
    struct result *whole = run("%s zero=3 zero.shard=2 steps=6", how),
                  *half = run("%s zero=3 zero.shard=2 steps=3 %s", how, save);
    for (int zero = 0; zero <= 3; zero++) {
        struct result *rest = run("%s zero=%d zero.shard=2 steps=6 resume=%s", how, zero, save + strlen("save="));
        for (int i = 0; i < 3; i++)
            CHECK_NEAR(rest->step[i].loss, whole->step[3 + i].loss, zero ? 0 : 1e-5);
        result_free(rest);
    }
    snprintf(command, sizeof command, "rm /tmp/threadrack-shards-%d.*", (int)getpid());
    CHECK_EQUAL(system(command), 0);
    result_free(half);
    result_free(whole);
}

static void refused(const char *words, const char *why)
{
    char line[256];
    snprintf(line, sizeof line, "steps=1 math=off strategy=data zero=1 %s", words);
    struct result *result = run_line(line, true);
    CHECK(strstr(result->reason, why) != NULL);
    result_free(result);
}

static void what_does_not_fit(void)
{
    refused("nodes=8 zero.shard=3", "3 does not divide the 8 replicas");
    refused("nodes=8 zero.shard=box", "topology star has no boxes");
    refused("nodes=12 zero.shard=box cluster=boxes-of-8", "boxes have different numbers of the 12 replicas");
    refused("nodes=8 zero.shard=4 netmodel=hockney collectives=closed_form", "meet at a node's one port");
}

SUITE("strategy: shards", TEST(learns_as_single), TEST(has_the_bits_of_data), TEST(volume_and_memory),
      TEST(counts_as_it_trains), TEST(boxes_are_of_nodes), TEST(crosses_between_boxes_with_shares_only),
      TEST(crosses_between_boxes_once_by_levels), TEST(costs_no_more_than_data_across_boxes), TEST(learns_by_levels), TEST(learns_by_dimensions),
      TEST(closed_forms_agree), TEST(resumes), TEST(what_does_not_fit));
