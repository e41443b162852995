/* Context parallelism: nodes that have a slice each of every sequence learn as one node does, and pass as
 * many bytes round as the formula of ring attention says. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include <unistd.h>

#define GPT  "gpt:layers=2,heads=4,width=16,context=16,hidden=24"
#define TEXT "data=devils-dictionary data.test_rows=64 batch=12 eval_every=100 "
#define DATA(d, c) "strategy=data mesh.data=" #d " mesh.context=" #c
#define HYBRID(d, t, p, c)                                                                         \
    "strategy=hybrid mesh.data=" #d " mesh.tensor=" #t " mesh.pipeline=" #p " mesh.context=" #c

static const char *const meshes[] = {
    DATA(1, 2), DATA(1, 4), DATA(1, 8) " microbatches=5", DATA(1, 4) " context.slices=contiguous",
    DATA(1, 16) " context.slices=contiguous", DATA(3, 2) " bucket=2KiB microbatches=2",
    DATA(2, 4) " mesh.order=data,context", DATA(2, 2) " zero=1", DATA(2, 2) " zero=2 microbatches=2 bucket=2KiB",
    DATA(1, 4) " zero=3 bucket=2KiB", HYBRID(1, 2, 1, 2), HYBRID(1, 2, 1, 4) " tensor.sequence=on",
    HYBRID(1, 4, 1, 2) " tensor.sequence=on context.slices=contiguous", HYBRID(1, 1, 2, 2),
    HYBRID(1, 1, 2, 4) " pipeline.schedule=1f1b microbatches=3",
    HYBRID(1, 1, 2, 2) " pipeline.schedule=zero_bubble microbatches=4",
    HYBRID(1, 1, 2, 2) " pipeline.schedule=interleaved pipeline.chunks=2 microbatches=4",
    HYBRID(2, 2, 2, 2) " microbatches=3 tensor.sequence=on",
    HYBRID(2, 1, 2, 2) " mesh.order=pipeline,context recompute=full zero=1",
    HYBRID(2, 1, 2, 2) " recompute=full zero=3 bucket=2KiB microbatches=2",
    HYBRID(1, 2, 1, 2) " tensor.chunks=3", DATA(2, 2) " placement=list:2+0+3+1"};
enum { MESHES = sizeof meshes / sizeof *meshes };

static void same_weights(const struct learned *was, const struct learned *should, const char *line)
{
    for (int i = 0; i < checkpoint_tensor_count(should->weights); i++) {
        const char *name;
        struct apart apart = tensors_apart(was->weights, should->weights, i, &name);
        if (!(apart.difference <= 1e-4 * apart.largest))
            fprintf(stderr, "\n%s: %s differs by %.3g of %.3g\n", line, name, apart.difference, apart.largest);
        CHECK(apart.difference <= 1e-4 * apart.largest);
    }
}

static void same_region(const struct result *a, const struct result *b)
{
    CHECK_EQUAL(a->peak_memory_bytes, b->peak_memory_bytes);
    for (int node = 0; node < a->nodes; node++)
        CHECK(!memcmp(a->node[node].memory_bytes, b->node[node].memory_bytes,
                      sizeof a->node[node].memory_bytes));
}

/* And what is only timed has the same times, bytes and memory. */
static void all_learn_as_single(const char *model, const char *words)
{
    char line[512];
    snprintf(line, sizeof line, "strategy=single " TEXT "%s", words);
    struct learned single = learn(model, line);
    for (int i = 0; i < MESHES; i++) {
        snprintf(line, sizeof line, "%s " TEXT "%s", meshes[i], words);
        struct learned learned = learn(model, line);
        losses_agree(learned.result, single.result, 1e-4);
        same_weights(&learned, &single, line);
        struct result *counted = run("model=%s math=off %s", model, line);
        CHECK_EQUAL(counted->length_ps, learned.result->length_ps);
        CHECK_EQUAL(counted->bytes_sent, learned.result->bytes_sent);
        same_region(counted, learned.result);
        result_free(counted);
        learned_release(learned);
    }
    learned_release(single);
}

static void every_mesh(void)
{
    all_learn_as_single(GPT, "steps=8 optimizer=sgd:lr=0.1,momentum=0.9");
}

static void every_mesh_when_tied_clipped_and_with_dropout(void)
{
    all_learn_as_single(GPT ",tied,dropout=0.2", "steps=6 optimizer=adamw:lr=0.001 clip=0.5");
}

/* A step of plain gradient descent from one place is the gradient: 10,000 of it outweigh the weights. */
static struct learned gradient(const char *how, const char *rate)
{
    char line[256];
    snprintf(line, sizeof line, "%s " TEXT "steps=1 optimizer=sgd:lr=%s", how, rate);
    return learn(GPT, line);
}

static void gradients_are_the_undivided_ones(void)
{
    static const char *const ways[] = {DATA(1, 2), DATA(1, 4), DATA(1, 4) " context.slices=contiguous",
                                       HYBRID(1, 2, 1, 2) " tensor.sequence=on"};
    struct learned should = gradient("strategy=single", "1e4");
    for (int i = 0; i < 4; i++) {
        struct learned was = gradient(ways[i], "1e4");
        for (int t = 0; t < checkpoint_tensor_count(should.weights); t++) {
            const char *name;
            struct apart apart = tensors_apart(was.weights, should.weights, t, &name);
            if (!(apart.difference <= 2e-5 * apart.largest))
                fprintf(stderr, "\n%s: the gradient of %s differs by %.3g of %.3g\n", ways[i], name,
                        apart.difference, apart.largest);
            CHECK(apart.difference <= 2e-5 * apart.largest);
        }
        learned_release(was);
    }
    learned_release(should);
}

/* ---- Volume, times, memory. ---- */

enum { WIDTH = 64, CONTEXT = 32, BATCH = 16 };

static uint64_t bytes_on_links(const struct result *result)
{
    uint64_t bytes = 0;
    for (int i = 0; i < result->link_count; i++)
        bytes += result->link[i].record.bytes;
    CHECK_EQUAL(bytes, 2 * result->bytes_sent); /* a star: each message over two links */
    return bytes / 2;
}

/* Keys and values of a slice, 2 s/c h a row, go c - 1 times forward, and so do they and their gradients on
 * the way back: over a group 6 (c-1) b s h a layer. Gradients of parameters are summed over the group. */
static void passes_what_the_formula_says(void)
{
    static const char *const ways[] = {"microbatches=1", "microbatches=4", "context.slices=contiguous"};
    for (int w = 0; w < 3; w++)
        for (uint64_t c = 2; c <= 8; c *= 2)
            for (uint64_t depth = 1; depth <= 2; depth++) {
                struct result *result =
                    run("model=gpt:layers=%d,heads=4,width=64,context=32 math=off netmodel=hockney links=on "
                        "steps=1 batch=16 strategy=data mesh.data=1 mesh.context=%d allreduce=halving_doubling "
                        "bucket=1GB %s", (int)depth, (int)c, ways[w]);
                CHECK_EQUAL(result->parameters % c, 0);
                uint64_t ring = 6 * (c - 1) * depth * BATCH * CONTEXT * WIDTH;
                CHECK_EQUAL(bytes_on_links(result), sizeof(float) * (ring + 2 * (c - 1) * result->parameters));
                result_free(result);
            }
}

/* A tensor rank has its heads' keys and values only, and recomputation sends what went forward again. */
static void of_other_axes(void)
{
    struct result *plain = run("model=gpt:layers=2,heads=4,width=64,context=32 math=off steps=1 batch=16 %s",
                               "strategy=data mesh.data=1 mesh.context=4");
    struct result *again = run("model=gpt:layers=2,heads=4,width=64,context=32 math=off steps=1 batch=16 %s",
                               "strategy=data mesh.data=1 mesh.context=4 recompute=full");
    CHECK_EQUAL(again->bytes_sent - plain->bytes_sent, sizeof(float) * 2 * 3 * 2 * BATCH * CONTEXT * WIDTH);
    result_free(plain);
    result_free(again);
}

/* Under costless messages a step of the busiest node is shorter where slices are balanced; and messages that
 * take no longer than what is computed meanwhile cost next to nothing. */
static void zigzag_is_faster(void)
{
    uint64_t length[2];
    for (int kind = SLICES_ZIGZAG; kind <= SLICES_CONTIGUOUS; kind++) {
        struct result *result =
            run("model=gpt:layers=2,heads=4,width=64,context=1024 math=off steps=1 batch=2 strategy=data "
                "mesh.data=1 mesh.context=4 netmodel=ideal context.slices=%s",
                kind == SLICES_ZIGZAG ? "zigzag" : "contiguous");
        length[kind] = result->length_ps;
        CHECK(kind == SLICES_CONTIGUOUS || result->node[0].compute_ps == result->node[3].compute_ps);
        CHECK(kind == SLICES_ZIGZAG || result->node[0].compute_ps < result->node[3].compute_ps);
        result_free(result);
    }
    CHECK(length[SLICES_ZIGZAG] < length[SLICES_CONTIGUOUS]);
}

/* Keys go on while they are met. */
static void messages_hide_behind_attention(void)
{
    struct result *result = run("model=gpt:layers=1,heads=4,width=64,context=8192 math=off steps=1 batch=1 "
                                "strategy=data mesh.data=1 mesh.context=4 cluster.link.bandwidth=100GB/s "
                                "cluster.link.latency=1us");
    CHECK(result->node[0].overlapped_comm_ps > result->node[0].exposed_comm_ps);
    result_free(result);
}

/* What each goes on for meanwhile is the gain of it. */
static void without_overlap_it_takes_longer(void)
{
    const char *line = "model=" GPT " " TEXT "steps=2 " DATA(2, 4) " context.overlap=%s";
    struct result *on = run(line, "on"), *off = run(line, "off");
    CHECK(on->length_ps < off->length_ps);
    CHECK_EQUAL(on->bytes_sent, off->bytes_sent);
    losses_agree(off, on, 0);
    result_free(on);
    result_free(off);
}

/* A slice has a share of the activations, and no square of positions. */
static void longer_sequences_fit(void)
{
    uint64_t bytes[2];
    for (int i = 0; i < 2; i++) {
        struct result *result = run("model=gpt:layers=2,heads=4,width=64,context=%d math=off steps=1 batch=1 "
                                    "strategy=data mesh.data=1 mesh.context=%d", 512 << i, 4 << i);
        bytes[i] = result->node[0].memory_bytes[MEMORY_ACTIVATIONS];
        result_free(result);
    }
    CHECK_NEAR((double)bytes[1], (double)bytes[0], 0.01 * (double)bytes[0]);
}

static void counts_alike_under_every_netmodel(void)
{
    static const char *const netmodel[] = {"ideal", "hockney", "flow", "loggp",
                                           "loggp cluster.loggp.rendezvous=256B",
                                           "loggp cluster.loggp.ports=program_order"};
    for (int i = 0; i < 6; i++) {
        char line[512];
        snprintf(line, sizeof line, HYBRID(2, 1, 2, 4) " model=" GPT " " TEXT "steps=2 cluster=boxes-of-8 "
                 "netmodel=%s", netmodel[i]);
        struct result *real = run("%s", line), *counted = run("%s math=off", line);
        CHECK_EQUAL(real->length_ps, counted->length_ps);
        CHECK_EQUAL(real->messages_sent, counted->messages_sent);
        result_free(real);
        result_free(counted);
    }
}

/* One node of a stage stands for all: the same times, bytes and memory where nothing else uses the ports, as a
 * pipeline's messages do under hockney. */
static void closed_form_agrees(void)
{
    static const char *const ways[] = {DATA(1, 4), DATA(2, 4) " microbatches=3 precision=bf16", DATA(1, 8) " zero=2",
                                       HYBRID(1, 2, 1, 4) " tensor.sequence=on", HYBRID(1, 1, 2, 4),
                                       HYBRID(2, 2, 2, 2) " pipeline.schedule=1f1b recompute=full precision=bf16"};
    for (int i = 0; i < 12; i++) {
        char line[512];
        snprintf(line, sizeof line, "model=gpt:layers=2,heads=4,width=64,context=256 math=off steps=2 batch=48 "
                 "links=off cluster=ethernet-10g netmodel=%s %s", i < 6 ? "hockney" : "ideal", ways[i % 6]);
        struct result *messages = run("%s", line), *closed = run("%s collectives=closed_form", line);
        double length = (double)messages->length_ps, slack = i < 4 ? 1e-3 : i < 6 ? 1e-2 : 0;
        CHECK_NEAR((double)closed->length_ps, length, slack * length);
        CHECK_NEAR((double)closed->bytes_sent, (double)messages->bytes_sent, 1e-5 * (double)messages->bytes_sent);
        CHECK_EQUAL(closed->messages_sent, messages->messages_sent);
        same_region(closed, messages);
        result_free(messages);
        result_free(closed);
    }
}

/* Saved by one mesh and resumed on another: the training that was never interrupted. */
static void goes_on_elsewhere(void)
{
    static const char *const ways[] = {"strategy=single", DATA(1, 4), DATA(2, 2) " zero=1 bucket=2KiB",
                                       DATA(1, 4) " zero=3 bucket=2KiB", HYBRID(1, 2, 2, 2)};
    const char *const common = "model=" GPT " " TEXT "optimizer=adamw:lr=0.01 clip=0.5";
    char folder[] = "/tmp/threadrack-context-XXXXXX", command[96];
    CHECK_FATAL(mkdtemp(folder) != NULL);
    struct result *should = run("strategy=single %s steps=4", common);
    for (int i = 0; i < 5; i++) {
        result_free(run("%s %s steps=2 save=%s/w.safetensors", ways[i], common, folder));
        struct result *was = run("%s %s steps=4 resume=%s/w.safetensors", ways[(i + 1) % 5], common, folder);
        CHECK_EQUAL(was->steps, 2);
        CHECK_NEAR(was->final_loss, should->final_loss, 1e-4 * should->final_loss);
        result_free(was);
    }
    result_free(should);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_EQUAL(system(command), 0);
}

/* A run that does not fit is told of one that does. */
static void what_fits_is_named(void)
{
    const char *line = "model=gpt:layers=1,heads=2,width=64,context=1024 math=off steps=1 batch=4 nodes=4 "
                       "optimizer=adamw cluster.device.memory=16MB strategy=%s";
    static const char *const ways[] = {"data zero=3", "hybrid mesh.tensor=1 mesh.pipeline=1"};
    for (int i = 0; i < 2; i++) {
        char words[320];
        snprintf(words, sizeof words, line, ways[i]);
        struct result *result = run_refused(words, STATUS_OUT_OF_MEMORY);
        CHECK(strstr(result->reason, "fits is mesh.data=2 mesh.tensor=1 mesh.pipeline=1 mesh.context=2") != NULL);
        result_free(result);
        snprintf(words, sizeof words, "model=gpt:layers=1,heads=2,width=64,context=1024 math=off steps=1 batch=4 "
                 "optimizer=adamw cluster.device.memory=16MB strategy=%s mesh.data=2 mesh.context=2", ways[i]);
        result_free(run("%s", words));
    }
}

static void refused(const char *words, const char *why)
{
    char line[512];
    snprintf(line, sizeof line, "steps=1 math=off %s", words);
    refuses(line, why);
}

static void what_does_not_go_is_refused(void)
{
    refused("strategy=data mesh.context=2", "the model takes no tokens");
    refused("strategy=data mesh.context=3 model=" GPT, "3 context ranks cut a row into 6 runs (context.slices=zigzag)");
    refused("strategy=data mesh.context=3 context.slices=contiguous model=" GPT, "into 3 runs, which do not divide");
    refused("strategy=data mesh.context=2 model=" GPT ",experts=4", "layer 2 (experts) of the model looks at a row as a whole");
    refused("strategy=tensor mesh.context=2 mesh.tensor=2 model=" GPT, "does not spread over mesh data=1 tensor=2 pipeline=1 context=2");
    refused(DATA(2, 2) " zero=2 zero.shard=2 model=" GPT, "give zero.shard=all");
    refused("strategy=local_sgd mesh.context=2 model=" GPT, "does not spread");
    refused(HYBRID(1, 4, 1, 8) " tensor.sequence=on model=" GPT, "4 tensor ranks do not divide the 2 positions of a row that a context");
    refused("netmodel=hockney collectives=closed_form context.slices=contiguous strategy=data mesh.context=2 "
            "model=" GPT, "unequal work");
    refused("netmodel=flow cluster.topology=full_mesh collectives=closed_form strategy=data mesh.context=2 "
            "model=" GPT, "side by side");
}

SUITE("strategy: context", TEST(every_mesh), TEST(every_mesh_when_tied_clipped_and_with_dropout),
      TEST(gradients_are_the_undivided_ones), TEST(passes_what_the_formula_says), TEST(of_other_axes),
      TEST(zigzag_is_faster), TEST(messages_hide_behind_attention), TEST(without_overlap_it_takes_longer),
      TEST(longer_sequences_fit),
      TEST(counts_alike_under_every_netmodel), TEST(closed_form_agrees), TEST(goes_on_elsewhere),
      TEST(what_fits_is_named),
      TEST(what_does_not_go_is_refused));
