/* What a transformer's layer keeps from its way forward to its way back, in 16-bit accounting, against Korthikanti
 * et al. 2022 (Reducing Activation Recomputation in Large Transformer Models, equations 1 to 6), term by term.
 * Theirs are with dropout; without it its masks (sbh + sbh + as^2b) and its output in attention (2 as^2b) are
 * not there. What ours has besides is named below.
 *
 * Letters are the paper's: s tokens, b rows of a microbatch, h the width, a heads, v the vocabulary, t tensor ranks,
 * p stages, L layers. */
#include "tests/check.h"

#include "tests/strategy/fixture.h"

#include "threadrack/math/transformer.h"

enum { S = 32, B = 8, H = 64, A = 4, V = 128 };
enum { SBH = S * B * H, AS2B = A * S * S * B, SB = S * B, SBV = S * B * V };

/* How tensor ranks share a term. */
enum sharing {
    BY_TENSOR,  /* each has a t-th */
    BY_SEQUENCE /* all of it, unless they share positions */
};

/* One that is kept of a layer, in bytes; of sbh, and of as^2b or sb. */
struct term {
    const char *what;
    enum sharing sharing;
    uint64_t bytes;
    bool core;    /* of attention's core, which selective recomputation drops */
    bool of_ours; /* not in the paper's equations */
};

static const struct term terms[] = {
    {"inputs of the two norms", BY_SEQUENCE, 4 * SBH, false, false},
    {"input of attention's products: its norm's output", BY_SEQUENCE, 2 * SBH, false, false},
    {"queries, keys and values", BY_TENSOR, 6 * SBH, false, false},
    {"softmax's output", BY_TENSOR, 2 * AS2B, true, false},
    {"input of attention's projection", BY_TENSOR, 2 * SBH, false, false},
    {"input of the feed-forward's products: its norm's output", BY_SEQUENCE, 2 * SBH, false, false},
    {"GELU's input", BY_TENSOR, 8 * SBH, false, false},
    {"GELU's output", BY_TENSOR, 8 * SBH, false, false},
    /* The paper neglects these: "2sb ... is small compared to the rest". */
    {"means and inverse deviations of the two norms, in fp32", BY_SEQUENCE, 16 * SB, false, true},
    {NULL, BY_TENSOR, 0, false, false},
};

/* A layer's by the terms; of the paper's alone or of all. */
static uint64_t layer_bytes(uint64_t t, bool sequence, bool selective, bool with_ours)
{
    uint64_t bytes = 0;
    for (const struct term *term = terms; term->what; term++)
        if (!(term->core && selective) && (with_ours || !term->of_ours))
            bytes += term->sharing == BY_TENSOR || sequence ? term->bytes / t : term->bytes;
    return bytes;
}

static uint64_t activations(const char *words, int blocks, int microbatches, int node)
{
    struct result *result = run("model=gpt:layers=%d,heads=%d,width=%d,context=%d,vocabulary=%d batch=%d "
                                "microbatches=%d steps=1 math=off precision=bf16 data=devils-dictionary %s",
                                blocks, A, H, S, V, B * microbatches, microbatches, words);
    uint64_t bytes = result->node[node].memory_bytes[MEMORY_ACTIVATIONS];
    result_free(result);
    return bytes;
}

/* What one layer more takes on node 0. */
static uint64_t more_of(const char *words)
{
    return activations(words, 5, 1, 0) - activations(words, 4, 1, 0);
}

/* Equation 1, without dropout: sbh (32 + 2as/h). */
static void a_layer(void)
{
    CHECK_EQUAL(layer_bytes(1, false, false, false), SBH * 32 + 2 * AS2B);
    CHECK_EQUAL(more_of("strategy=single"), SBH * 32 + 2 * AS2B + 16 * SB);
    CHECK_EQUAL(more_of("strategy=single"), layer_bytes(1, false, false, true));
}

/* Equation 2: sbh (8 + 24/t + 2as/(ht)). */
static void over_tensor_ranks(void)
{
    for (uint64_t t = 2; t <= 4; t *= 2) {
        char words[64];
        snprintf(words, sizeof words, "strategy=tensor nodes=%d", (int)t);
        CHECK_EQUAL(layer_bytes(t, false, false, false), SBH * 8 + SBH * 24 / t + 2 * AS2B / t);
        CHECK_EQUAL(more_of(words), SBH * 8 + SBH * 24 / t + 2 * AS2B / t + 16 * SB);
        CHECK_EQUAL(more_of(words), layer_bytes(t, false, false, true));
    }
}

/* Equation 4: sbh/t (32 + 2as/h). */
static void with_sequence_parallelism(void)
{
    for (uint64_t t = 2; t <= 4; t *= 2) {
        char words[64];
        snprintf(words, sizeof words, "strategy=tensor nodes=%d tensor.sequence=on", (int)t);
        CHECK_EQUAL(layer_bytes(t, true, false, false), (SBH * 32 + 2 * AS2B) / t);
        CHECK_EQUAL(more_of(words), (SBH * 32 + 2 * AS2B + 16 * SB) / t);
    }
}

/* Equation 6, and table 2: 32 sbh/t with positions shared, sbh (8 + 24/t) else. */
static void selective_recomputation(void)
{
    CHECK_EQUAL(more_of("strategy=single recompute=selective"), SBH * 32 + 16 * SB);
    CHECK_EQUAL(more_of("strategy=tensor nodes=4 recompute=selective"), SBH * (8 + 24 / 4) + 16 * SB);
    CHECK_EQUAL(more_of("strategy=tensor nodes=4 tensor.sequence=on recompute=selective"),
                (SBH * 32 + 16 * SB) / 4);
    CHECK_EQUAL(more_of("strategy=tensor nodes=4 tensor.sequence=on recompute=selective"),
                layer_bytes(4, true, true, true));
}

/* Table 2: 2 sbh; with positions shared a t-th (section 5 names that as possible). */
static void full_recomputation(void)
{
    CHECK_EQUAL(more_of("strategy=single recompute=full"), 2 * SBH);
    CHECK_EQUAL(more_of("strategy=tensor nodes=4 recompute=full"), 2 * SBH);
    CHECK_EQUAL(more_of("strategy=tensor nodes=4 tensor.sequence=on recompute=full"), 2 * SBH / 4);
}

/* Equation 5: the first stage of 1f1b keeps p microbatches of L/p layers, as much as L of one (and of gpipe, all of
 * them). Interleaved, where a stage has v chunks, it is 1 + (p-1)/(pv) times that; here 1 + p/(pv), since each chunk
 * has room of its own for the most that it keeps, and the first is not fullest when the last is. */
static void over_stages(void)
{
    enum { P = 4, MICROBATCHES = 8, CHUNKS = 2 };
    const uint64_t layer = layer_bytes(1, false, false, true);
    const char *by = "strategy=pipeline nodes=4 pipeline.split=3:1:1:2 pipeline.schedule=1f1b";
    const char *less = "strategy=pipeline nodes=4 pipeline.split=2:1:1:2 pipeline.schedule=1f1b";
    CHECK_EQUAL(activations(by, P + 1, MICROBATCHES, 0) - activations(less, P, MICROBATCHES, 0), P * layer);
    const char *gpipe = "strategy=pipeline nodes=4 pipeline.split=3:1:1:2";
    CHECK_EQUAL(activations(gpipe, P + 1, MICROBATCHES, 0) -
                    activations("strategy=pipeline nodes=4 pipeline.split=2:1:1:2", P, MICROBATCHES, 0),
                MICROBATCHES * layer);
    const char *chunks = "strategy=pipeline nodes=4 pipeline.schedule=interleaved pipeline.chunks=2";
    uint64_t grown = activations(chunks, 3 * P * CHUNKS, MICROBATCHES, 1) -
                     activations(chunks, 2 * P * CHUNKS, MICROBATCHES, 1);
    CHECK_EQUAL(grown, (P * CHUNKS + P) * layer);
}

/* All of a node that has all: besides the layers the paper counts (section 4.3) the input of the last norm and of the
 * output layer and, in fp32, the logits: 4sbh (1 + v/h). It neglects statistics, and what lies there only while
 * its layer is at work: gradients of activations and of logits, and a kernel's room. */
static void all_of_a_node(void)
{
    enum { LAYERS = 4 };
    const struct attention head = {.heads = A, .head_width = H / A, .tokens = S};
    const uint64_t kept = LAYERS * layer_bytes(1, false, false, true) + 4 * SBH + 4 * SBV + 8 * SB;
    const uint64_t gradients = 2 * SBV  /* of the logits */
                               + 4 * SBH  /* of a layer's output and input */
                               + 8 * SBH  /* of GELU's output, or of attention's */
                               + 6 * SBH  /* of queries, keys and values, or of the feed-forward's norm */
                               + 2 * SBH; /* of attention's norm */
    const uint64_t room = (2 * math_attention_scratch(&head) + 63) / 64 * 64;
    CHECK_EQUAL(activations("strategy=single", LAYERS, 1, 0), kept + gradients + room);
}

SUITE("strategy: activations", TEST(a_layer), TEST(over_tensor_ranks), TEST(with_sequence_parallelism),
      TEST(selective_recomputation), TEST(full_recomputation), TEST(over_stages), TEST(all_of_a_node));
